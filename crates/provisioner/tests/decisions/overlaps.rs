//! Reads a picture back, and finds what lies over what.

use roxmltree::{Document, Node};

use skyward_provisioner::draw::text_width;

/// Left, top, right, bottom.
type Area = [f64; 4];

/// What a picture holds. Frames hold other things; those whose class begins with `span-` are filled and lie over other frames
/// on purpose, as the filled shapes do: the borders under them are not seen.
#[derive(Default)]
struct Found {
    texts: Vec<(String, Area)>,
    icons: Vec<(String, Area)>,
    marks: Vec<(String, Area)>,
    frames: Vec<(String, Area)>,
    lines: Vec<(String, Vec<(f64, f64)>)>,
    /// What covers what was drawn before it: the number of frames until then, and the area.
    covers: Vec<(usize, Area)>,
}

/// Everything that is wrong with a picture: a sentence each.
pub(crate) fn problems(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).expect("well-formed XML");
    let root = document.root_element();
    let area = [0.0, 0.0, number(root, "width"), number(root, "height")];
    let mut found = Found::default();
    for node in root.children().filter(Node::is_element) {
        found.read(node);
    }
    found.check(area)
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name)
        .and_then(|value| value.parse().ok())
        .unwrap_or_else(|| panic!("{name} of {node:?}"))
}

fn points(node: Node<'_, '_>) -> Vec<(f64, f64)> {
    let points = node.attribute("points").expect("points").split(' ');
    points
        .map(|point| point.split_once(',').expect("x,y"))
        .map(|(x, y)| (x.parse().expect("a number"), y.parse().expect("a number")))
        .collect()
}

impl Found {
    fn read(&mut self, node: Node<'_, '_>) {
        let class = node.attribute("class").unwrap_or_default().to_owned();
        let area = || {
            let (x, y) = (number(node, "x"), number(node, "y"));
            [x, y, x + number(node, "width"), y + number(node, "height")]
        };
        match node.tag_name().name() {
            "text" => {
                let text: String = node.text().unwrap_or_default().to_owned();
                let (x, y, size) =
                    (number(node, "x"), number(node, "y"), number(node, "font-size"));
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "sizes are small whole numbers"
                )]
                let wide = f64::from(text_width(&text, size as i32, class.starts_with("strong")));
                let left = match node.attribute("text-anchor") {
                    Some("middle") => x - wide / 2.0,
                    Some("end") => x - wide,
                    _ => x,
                };
                assert!(!text.is_empty(), "a text says something");
                self.texts.push((text, [left, y - size * 0.8, left + wide, y + size * 0.25]));
            }
            "svg" => self.icons.push((class, area())),
            "rect" if class.starts_with("bar") => self.icons.push((class, area())),
            "rect" if class != "panel" && class != "stripe" => {
                if class.starts_with("span-") {
                    self.covers.push((self.frames.len(), area()));
                }
                self.frames.push((class, area()));
            }
            "polygon" => {
                let (xs, ys): (Vec<f64>, Vec<f64>) = points(node).into_iter().unzip();
                let least = |values: &[f64]| values.iter().copied().fold(f64::MAX, f64::min);
                let most = |values: &[f64]| values.iter().copied().fold(f64::MIN, f64::max);
                self.covers
                    .push((self.frames.len(), [least(&xs), least(&ys), most(&xs), most(&ys)]));
            }
            "g" => {
                let at = node.attribute("transform").expect("a place");
                let at = at.trim_start_matches("translate(").trim_end_matches(')');
                let (x, y) = at.split_once(' ').expect("x y");
                let (x, y): (f64, f64) = (x.parse().expect("x"), y.parse().expect("y"));
                self.marks.push((class, [x - 8.0, y - 8.0, x + 8.0, y + 8.0]));
            }
            // The lines of a grid lie under everything, and the link of a path runs from bar to bar.
            "polyline" if class != "grid" && class != "link" => {
                self.lines.push((class, points(node)));
            }
            _ => {}
        }
    }

    fn check(&self, picture: Area) -> Vec<String> {
        let mut problems = Vec::new();
        let mut say = |problem: String| problems.push(problem);
        let solid: Vec<_> = self.texts.iter().chain(&self.icons).collect();
        for (index, (name, area)) in solid.iter().enumerate() {
            if !holds(picture, *area) {
                say(format!("{name} leaves the picture"));
            }
            for (other, other_area) in &solid[index + 1..] {
                if meets(*area, *other_area) {
                    say(format!("{name} lies over {other}"));
                }
            }
        }
        for (text, area) in &self.texts {
            for (index, (frame, frame_area)) in self.frames.iter().enumerate() {
                let is_covered = self
                    .covers
                    .iter()
                    .any(|(before, cover)| index < *before && holds(*cover, *area));
                if !is_covered && !holds(*frame_area, *area) && meets(*frame_area, *area) {
                    say(format!("{text} crosses the border of {frame}"));
                }
            }
            for (mark, _) in self.marks.iter().filter(|(_, mark)| meets(*mark, *area)) {
                say(format!("{mark} lies over {text}"));
            }
            for (line, points) in &self.lines {
                if points.windows(2).any(|pair| passes(pair, *area)) {
                    say(format!("a {line} runs through {text}"));
                }
            }
        }
        for (icon, [left, top, right, bottom]) in &self.icons {
            // A line may begin and end at an icon's edge.
            let inside = [left + 3.0, top + 3.0, right - 3.0, bottom - 3.0];
            for (line, _) in self
                .lines
                .iter()
                .filter(|(_, points)| points.windows(2).any(|pair| passes(pair, inside)))
            {
                say(format!("a {line} runs through {icon} at {left},{top}"));
            }
        }
        for (index, (frame, area)) in self.frames.iter().enumerate() {
            for (other, other_area) in &self.frames[index + 1..] {
                let nested = holds(*area, *other_area) || holds(*other_area, *area);
                let spans = frame.starts_with("span-") || other.starts_with("span-");
                if !nested && !spans && meets(*area, *other_area) {
                    say(format!("{other} crosses {frame}"));
                }
            }
        }
        problems
    }
}

fn meets(a: Area, b: Area) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

fn holds(outer: Area, inner: Area) -> bool {
    outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3]
}

/// Whether a straight line, level or upright, runs through an area.
fn passes(pair: &[(f64, f64)], area: Area) -> bool {
    let &[(x1, y1), (x2, y2)] = pair else { panic!("two points") };
    assert!((x1 - x2).abs() < 0.1 || (y1 - y2).abs() < 0.1, "lines are level or upright");
    meets([x1.min(x2) - 0.75, y1.min(y2) - 0.75, x1.max(x2) + 0.75, y1.max(y2) + 0.75], area)
}

/// The check itself finds what it is for.
#[test]
fn overlaps_are_found() {
    let svg = |body: &str| format!("<svg width=\"200\" height=\"100\">{body}</svg>");
    let text =
        |x: i32, text: &str| format!("<text x=\"{x}\" y=\"50\" font-size=\"10\">{text}</text>");
    let clean = format!("{}{}", text(10, "left"), text(60, "right"));
    assert_eq!(problems(&svg(&clean)), [""; 0]);
    for (body, problem) in [
        (format!("{}{}", text(10, "left"), text(20, "right")), "left lies over right"),
        (text(190, "outside"), "outside leaves the picture"),
        (
            format!("{}<rect class=\"vpc\" x=\"20\" y=\"10\" width=\"90\" height=\"80\"/>", text(10, "left")),
            "left crosses the border of vpc",
        ),
        (
            format!("{}<polyline class=\"line\" points=\"0,48 100,48\"/>", text(10, "left")),
            "a line runs through left",
        ),
        (
            "<svg class=\"icon\" x=\"10\" y=\"10\" width=\"20\" height=\"20\"/><polyline class=\"line\" points=\"20,0 20,90\"/>".into(),
            "a line runs through icon at 10,10",
        ),
        (
            "<rect class=\"a\" x=\"0\" y=\"0\" width=\"50\" height=\"50\"/><rect class=\"b\" x=\"40\" y=\"0\" width=\"50\" height=\"50\"/>".into(),
            "b crosses a",
        ),
    ] {
        assert_eq!(problems(&svg(&body)), [problem]);
    }
}
