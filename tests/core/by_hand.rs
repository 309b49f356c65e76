//! A machine driven by hand: what came of a step is given, and the next step is asked for.
//!
//! Only `Machine::advance` stands behind it. Each step may have a time and randomness of its own.

use std::ops::{Deref, DerefMut};

use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::{Error, Response, Result, Step};

/// The machine, with what is handed to it at its next step.
pub(crate) struct ByHand<M> {
    machine: M,
    input: Input,
    last: ([u8; 32], u64),
}

pub(crate) fn by_hand<M>(machine: M) -> ByHand<M> {
    ByHand { machine, input: Input::Start, last: ([7; 32], 1_700_000_000) }
}

impl<M: Machine> ByHand<M> {
    /// The next step; without anything given before, the start.
    pub(crate) fn step(&mut self, random: &[u8; 32], now: u64) -> Result<Step<M::Output>> {
        self.last = (*random, now);
        let input = core::mem::replace(&mut self.input, Input::Start);
        self.machine.advance(input, &Moment { now, random })
    }

    /// Has this handed over at the next step.
    pub(crate) fn give(&mut self, input: Input) {
        assert!(matches!(self.input, Input::Start), "one input for one step");
        self.input = input;
    }

    pub(crate) fn receive(&mut self, response: Response) {
        self.give(Input::Response(response));
    }

    pub(crate) fn accept_signature(&mut self, signature: &[u8]) {
        self.give(Input::Signature(signature.to_vec()));
    }

    pub(crate) fn accept_verdict(&mut self, right: bool) {
        self.give(Input::Verdict(right));
    }

    /// The error that this answer ends in, at the time of the last step.
    pub(crate) fn refusal(&mut self, response: Response) -> Error {
        let (random, now) = self.last;
        self.receive(response);
        match self.step(&random, now) {
            Err(error) => error,
            Ok(_) => panic!("the answer is taken"),
        }
    }
}

impl<M> Deref for ByHand<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.machine
    }
}

impl<M> DerefMut for ByHand<M> {
    fn deref_mut(&mut self) -> &mut M {
        &mut self.machine
    }
}
