//! The live status, frame by frame.

use skyward_terminal::event::{Progress, Step};
use skyward_terminal::live::View;
use skyward_terminal::{Event, text};

fn started(object: &str, expected_s: f64, is_critical: bool) -> Event {
    let (object, action) = (object.to_owned(), "create".to_owned());
    Event::Started(Step { object, action, expected_s: Some(expected_s), is_critical })
}

fn progress(object: &str, state: &str) -> Event {
    let (object, state) = (object.to_owned(), state.to_owned());
    Event::Progress(Progress { object, state, ..Progress::default() })
}

fn view() -> View {
    let mut view = View::default();
    for object in ["address/a", "db-cluster", "nat-gateway/a"] {
        view.take(&Event::<skyward_terminal::event::Nothing>::planned(object, "create"), 0.0);
    }
    view.take(&started("address/a", 8.0, false), 10.0);
    view.take(&started("db-cluster", 720.0, true), 10.0);
    view.take(&started("nat-gateway/a", 106.0, false), 10.0);
    view.take(&progress("db-cluster", "creating"), 120.0);
    view
}

#[test]
fn the_critical_path_comes_first_and_the_state_before_the_times() {
    assert_eq!(
        view().frame(120.0, 79, 24),
        [
            "0 of 3 steps done, 3 under way, 2 min 00 s",
            "* create db-cluster     creating, 1 min 50 s, about 10 min 10 s left",
            "  create address/a      1 min 50 s, any moment now",
            "  create nat-gateway/a  1 min 50 s, any moment now",
        ]
    );
}

#[test]
fn a_narrow_terminal_loses_times_and_never_the_state() {
    for columns in [59, 50, 40] {
        let frame = view().frame(120.0, columns, 24);
        assert!(frame.iter().all(|line| text::width(line) <= columns), "{frame:#?}");
        assert!(frame[1].contains("creating"), "{frame:#?}");
    }
    let mut view = View::default();
    let state = "1 of 2 pods ready; web-7f9c: pulling the image ghcr.io/acme/web";
    view.take(&progress("Deployment web", state), 0.0);
    let frame = view.frame(3.0, 59, 24);
    assert_eq!(
        frame,
        [
            "  Deployment web  3 s",
            "    1 of 2 pods ready; web-7f9c: pulling the image",
            "    ghcr.io/acme/web",
        ]
    );
}

#[test]
fn a_low_terminal_says_how_many_are_hidden() {
    let frame = view().frame(120.0, 79, 5);
    assert_eq!(frame.len(), 3, "{frame:#?}");
    assert_eq!(frame[2], "  and 2 more");
}

#[test]
fn what_is_done_or_failed_or_over_is_no_longer_shown() {
    let mut view = view();
    assert!(!view.take(
        &Event::<skyward_terminal::event::Nothing>::done("address/a", "create", "created"),
        130.0
    ));
    assert!(view.frame(130.0, 79, 24)[0].starts_with("1 of 3 steps done, 2 under way"));
    assert!(!view.take(&Event::<skyward_terminal::event::Nothing>::finished("All done."), 140.0));
    assert!(view.is_empty());
}
