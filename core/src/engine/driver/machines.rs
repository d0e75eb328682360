//! What machines are told and what they ask for.

use crate::engine::budget::Class;
use crate::engine::clock;
use crate::engine::mailbox::{Waiter, WatchId};
use crate::engine::requests::{Asker, Job, Request};
use crate::machine::{Input, OpId, Output};
use crate::service::Known;

use super::{Driver, Slot};
use crate::engine::saves::Errand;

impl Driver {
    pub(super) fn tell(&mut self, id: WatchId, input: Input) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        slot.machine.handle(clock::now(), input);
        while let Some(output) = self.slots.get_mut(&id).and_then(|slot| slot.machine.poll_output())
        {
            self.perform(id, output);
        }
        self.set_timer(id);
        if self.slots.get(&id).is_some_and(|s| s.machine.is_done() && s.saves.is_idle())
            && let Some(slot) = self.slots.remove(&id)
            && let Some(at) = slot.wake
        {
            self.timers.remove(&(at, id));
        }
    }

    fn perform(&mut self, id: WatchId, output: Output) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let ids = |slot: &Slot| (slot.machine.flow().clone(), slot.machine.session_id().clone());
        let now = clock::now();
        match output {
            Output::Read { op, urgent, fresh_credentials } => {
                let (flow, session) = ids(slot);
                let known = slot.machine.known().map(|known| Known {
                    raw: known.raw_json.clone(),
                    // A tag of another body would call that one unchanged.
                    etag: slot
                        .tag
                        .as_ref()
                        .filter(|(body, _)| *body == known.raw_json)
                        .map(|(_, etag)| etag.clone()),
                });
                let request = Request {
                    asker: Asker::Machine(id, op),
                    job: Job::Get { flow, session, known },
                    not_after: None,
                    deadline: None,
                    fresh_credentials,
                };
                let class = if urgent { Class::Urgent } else { Class::Poll };
                self.budget.add(class, now, request);
            }
            Output::SendAnswer {
                op,
                answer,
                idempotency_key,
                not_after,
                deadline,
                fresh_credentials,
            } => {
                let (flow, session) = ids(slot);
                let request = Request {
                    asker: Asker::Machine(id, op),
                    job: Job::AddUserInput { flow, session, answer, idempotency_key },
                    not_after,
                    deadline: Some(deadline),
                    fresh_credentials,
                };
                self.budget.add(Class::Urgent, now, request);
            }
            Output::SendCancel { op, deadline, fresh_credentials } => {
                let (flow, session) = ids(slot);
                let request = Request {
                    asker: Asker::Machine(id, op),
                    job: Job::Cancel { flow, session },
                    not_after: None,
                    deadline: Some(deadline),
                    fresh_credentials,
                };
                self.budget.add(Class::Urgent, now, request);
            }
            Output::Withdraw { op } => self.withdraw(id, op),
            Output::Save { checkpoint } => self.errand(id, Errand::save(&checkpoint)),
            Output::Forget => {
                let session = slot.machine.session_id().to_string();
                self.errand(id, Errand::Forget(session));
            }
            Output::Answered { call, result } => {
                if let Some(Waiter::Answer(waiter)) = self.waiters.remove(&call) {
                    // Whoever gave up in this very moment is told by the prompt's events.
                    let _ = waiter.send(result);
                }
            }
            Output::Cancelled { call, result } => {
                if let Some(Waiter::Cancel(waiter)) = self.waiters.remove(&call) {
                    let _ = waiter.send(result);
                }
            }
            Output::Changed => slot.published.replace(slot.machine.look()),
        }
    }

    fn withdraw(&mut self, id: WatchId, op: OpId) {
        if !self.is_stopping_all {
            self.forgo(|request| request.is_op(id, op));
        }
    }

    fn set_timer(&mut self, id: WatchId) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let wake = slot.machine.wake_at();
        if wake != slot.wake {
            if let Some(at) = std::mem::replace(&mut slot.wake, wake) {
                self.timers.remove(&(at, id));
            }
            self.timers.extend(wake.map(|at| (at, id)));
        }
    }
}
