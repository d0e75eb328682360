//! A thread that does small errands in foreign code, so that the core's threads never have to.
//!
//! Two kinds: waking a foreign future (its continuation runs in the foreign language, and may have
//! to wait for an interpreter's lock), and letting go of a foreign object (which calls its release
//! function over there).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Wake, Waker};
use std::{mem, thread};

use crate::gate;
use crate::process::PerProcess;

static COURIER: PerProcess<Sender<Errand>> = PerProcess::new();

enum Errand {
    Wake(Waker),
    Drop(Box<dyn Send>),
}

/// Drops `object` on the courier's thread; forgets it when the language is going down.
pub(crate) fn let_go(object: Box<dyn Send>) {
    send(Errand::Drop(object));
}

/// The same future, but whoever wakes it leaves the waking to the courier.
pub(crate) async fn awaited_from_abroad<F: Future>(future: F) -> F::Output {
    WokenByCourier(Box::pin(future)).await
}

struct WokenByCourier<F>(Pin<Box<F>>);

impl<F: Future> Future for WokenByCourier<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let waker = Waker::from(Arc::new(Bell(context.waker().clone())));
        self.0.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

struct Bell(Waker);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        send(Errand::Wake(self.0.clone()));
    }
}

fn send(errand: Errand) {
    // Sending fails only if the thread is gone, which it never is while the process lives; what
    // cannot be delivered is forgotten, because dropping it here would be the errand itself.
    if let Err(unsent) = COURIER.get(start).send(errand) {
        mem::forget(unsent);
    }
}

fn start() -> Sender<Errand> {
    let (sender, errands) = channel::<Errand>();
    let run = move || {
        for errand in errands {
            match (errand, gate::enter()) {
                (Errand::Wake(waker), Some(_inside)) => waker.wake(),
                (Errand::Drop(object), Some(_inside)) => drop(object),
                (errand, None) => mem::forget(errand),
            }
        }
    };
    // Without a thread nothing can be delivered; the sender then gives everything back.
    if let Err(error) = thread::Builder::new().name("liveflow-courier".to_owned()).spawn(run) {
        tracing::error!(%error, "no thread can be started; asynchronous calls will not return");
    }
    sender
}
