//! TCP connections that can be cut from outside, also in the middle of an answer.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// How a connection ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// With a TCP reset: what the client has not read may be lost.
    #[default]
    Reset,
    /// In an orderly way.
    Close,
}

pub(crate) struct Connection {
    pub(crate) number: u64,
    pub(crate) peer: SocketAddr,
    reset: AtomicBool,
    cut: Notify,
}

impl Connection {
    /// Returns at once; the connection ends soon after.
    pub(crate) fn cut(&self, how: Cut) {
        self.reset.store(how == Cut::Reset, Ordering::SeqCst);
        self.cut.notify_one();
    }

    pub(crate) async fn is_cut(&self) {
        self.cut.notified().await;
    }
}

/// The connections that are open.
#[derive(Default)]
pub(crate) struct Connections {
    last_number: AtomicU64,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
}

impl Connections {
    pub(crate) fn open(&self, peer: SocketAddr) -> Arc<Connection> {
        let number = self.last_number.fetch_add(1, Ordering::Relaxed) + 1;
        let connection = Arc::new(Connection {
            number,
            peer,
            reset: AtomicBool::new(false),
            cut: Notify::new(),
        });
        self.lock().insert(number, Arc::clone(&connection));
        connection
    }

    pub(crate) fn closed(&self, connection: &Connection) {
        self.lock().remove(&connection.number);
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Cuts all but one; tells how many. They are forgotten at once: none is cut twice.
    pub(crate) fn cut_all(&self, but: Option<&Arc<Connection>>, how: Cut) -> usize {
        // The one to spare may belong to the control port, whose numbers are its own.
        let is_spared = |it: &Arc<Connection>| but.is_some_and(|but| Arc::ptr_eq(it, but));
        let cut: Vec<_> = self.lock().extract_if(|_, connection| !is_spared(connection)).collect();
        for (_, connection) in &cut {
            connection.cut(how);
        }
        cut.len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A TCP stream that, when dropped, ends as its connection was told to.
pub(crate) struct Stream {
    tcp: TcpStream,
    connection: Arc<Connection>,
}

impl Stream {
    pub(crate) fn new(tcp: TcpStream, connection: Arc<Connection>) -> Self {
        Self { tcp, connection }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.connection.reset.load(Ordering::SeqCst) {
            // Without lingering, closing sends RST instead of FIN. If it fails the peer has gone.
            let _ = self.tcp.set_zero_linger();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, into)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(context, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }
}
