//! The accept loop. It is our own, because connections must be reset and the port must be able to
//! refuse.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tower_service::Service as _;

use crate::connection::{Connections, Stream};

/// Many clients may connect at the same time.
const BACKLOG: u32 = 4096;

/// Opens and closes the port.
#[derive(Clone)]
pub(crate) struct Gate(mpsc::Sender<(bool, oneshot::Sender<io::Result<()>>)>);

impl Gate {
    /// Returns when the port takes, or refuses, connections.
    pub(crate) async fn set_open(&self, open: bool) -> io::Result<()> {
        let (done, is_done) = oneshot::channel();
        let stopped = || io::Error::other("the simulator has stopped");
        self.0.send((open, done)).await.map_err(|_| stopped())?;
        is_done.await.map_err(|_| stopped())?
    }
}

pub(crate) struct Server {
    door: Door,
    address: SocketAddr,
    orders: mpsc::Receiver<(bool, oneshot::Sender<io::Result<()>>)>,
}

enum Door {
    Open(TcpListener),
    /// Bound, so that nobody else takes the port, but not listening. None when the port could not
    /// be held: then it refuses all the same, and is taken again later.
    Refusing(Option<TcpSocket>),
}

impl Server {
    pub(crate) fn bind(address: SocketAddr) -> io::Result<(Self, Gate)> {
        let listener = bind(address)?.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let (gate, orders) = mpsc::channel(4);
        Ok((Self { door: Door::Open(listener), address, orders }, Gate(gate)))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until it is dropped.
    pub(crate) async fn run(mut self, connections: Arc<Connections>, router: Router) {
        loop {
            tokio::select! {
                accepted = self.door.accept() => match accepted {
                    Ok((tcp, peer)) => {
                        tokio::spawn(serve(tcp, peer, Arc::clone(&connections), router.clone()));
                    }
                    // Out of file descriptors, for instance: others may free some.
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                },
                Some((open, done)) = self.orders.recv() => {
                    let (door, result) = self.door.turn(open, self.address).await;
                    self.door = door;
                    let _ = done.send(result);
                }
            }
        }
    }
}

impl Door {
    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match self {
            Self::Open(listener) => listener.accept().await,
            Self::Refusing(_) => std::future::pending().await,
        }
    }

    async fn turn(self, open: bool, address: SocketAddr) -> (Self, io::Result<()>) {
        match (self, open) {
            (Self::Open(listener), false) => {
                drop(listener);
                (Self::Refusing(bind_again(address).await.ok()), Ok(()))
            }
            (Self::Refusing(held), true) => {
                let socket = held.map_or_else(|| bind(address), Ok);
                match socket.and_then(|socket| socket.listen(BACKLOG)) {
                    Ok(listener) => (Self::Open(listener), Ok(())),
                    Err(error) => (Self::Refusing(None), Err(error)),
                }
            }
            (door, _) => (door, Ok(())),
        }
    }
}

/// The kernel may need a moment before it lets go of a port.
async fn bind_again(address: SocketAddr) -> io::Result<TcpSocket> {
    let mut result = bind(address);
    for _ in 0..50 {
        if result.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        result = bind(address);
    }
    result
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // On Windows the same option would let another program share the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn serve(tcp: TcpStream, peer: SocketAddr, connections: Arc<Connections>, router: Router) {
    // Answers are small and awaited: never hold them back. If it fails the peer has gone.
    let _ = tcp.set_nodelay(true);
    let connection = connections.open(peer);
    let stream = TokioIo::new(Stream::new(tcp, Arc::clone(&connection)));
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&connection));
        let mut router = router.clone();
        async move { router.call(request).await }
    });
    let served = http1::Builder::new().serve_connection(stream, service);
    tokio::select! {
        // An error means that the client has gone or does not speak HTTP: nobody to tell.
        _ = served => {}
        () = connection.is_cut() => {}
    }
    connections.closed(&connection);
}
