//! Next rounds: sessions that go on from the winner of another one.

mod by_hand;
