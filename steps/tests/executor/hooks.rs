//! The panic hook is the process's, and no scenario touches it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::stage::played_steps;

#[test]
fn the_panic_hook_is_the_same_before_and_after() {
    let seen = Arc::new(AtomicUsize::new(0));
    let (counter, mark) = (Arc::clone(&seen), std::thread::current().id());
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |_| {
        if std::thread::current().id() == mark {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }));
    // What fails by unwinding prints nothing, so the hook does not see it; a panic of the step's own does.
    played_steps("    When the client sends GET \"/v1/keys/{key a}\"\n    Then the status is 200");
    let after_failure = seen.load(Ordering::Relaxed);
    played_steps("    Given something that panics");
    let after_panic = seen.load(Ordering::Relaxed);
    _ = std::panic::catch_unwind(|| panic!("the hook is still this one"));
    let at_the_end = seen.load(Ordering::Relaxed);
    std::panic::set_hook(before);
    assert_eq!((after_failure, after_panic, at_the_end), (0, 1, 2));
}
