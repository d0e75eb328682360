//! "Answer (add user input)": before sending, and each outcome of an attempt.

mod accepted;
mod before_sending;
mod given_up;
mod never_left;
mod refused;
