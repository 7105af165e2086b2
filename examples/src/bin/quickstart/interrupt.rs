//! Ctrl-C.

use std::{
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// What shells expect of a program that Ctrl-C has ended.
pub(crate) const EXIT_CODE: u8 = 130;

/// Whether somebody has pressed Ctrl-C.
///
/// It is asked between two units of work. To drop a call that is under way instead would leave open whether the database
/// carries it out.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on. Whoever presses Ctrl-C twice does not want to wait: then the program ends at once, and the next
    /// run puts its tasks back.
    pub(crate) fn listen() -> Self {
        let interrupt = Self(Arc::default());
        let flag = Arc::clone(&interrupt.0);
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                if flag.swap(true, Ordering::Relaxed) {
                    process::exit(EXIT_CODE.into());
                }
                eprintln!("interrupted: ending after the steps that are under way; once more to end at once");
            }
        });
        interrupt
    }

    pub(crate) fn is_pressed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
