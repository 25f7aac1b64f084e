//! An SVG document in the making: shapes, lines, texts and icons, without a font or a browser at hand.

use std::fmt::Write as _;

use super::icon::Icon;
use super::mark::Sign;
use super::sheet;
use super::text::escape;

/// A rectangle, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

impl Rect {
    pub(super) const fn new(x: i32, y: i32, width: i32, height: i32) -> Self {
        Self { x, y, width, height }
    }

    pub(super) fn right(self) -> i32 {
        self.x + self.width
    }

    pub(super) fn center(self) -> i32 {
        self.x + self.width / 2
    }
}

/// The side of a text that is at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// An SVG document in the making. What is drawn later lies on top.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    body: String,
}

impl Canvas {
    fn push(&mut self, part: std::fmt::Arguments<'_>) {
        self.body.write_fmt(part).expect("a String takes any text");
    }

    /// A rectangle that holds other things.
    pub(super) fn frame(&mut self, class: &str, rect: Rect, radius: i32) {
        let Rect { x, y, width, height } = rect;
        self.push(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\"/>\n"
        ));
    }

    /// A rectangle whose meaning shows where a pointer rests on it.
    pub(super) fn bar(&mut self, class: &str, rect: Rect, meaning: &str) {
        let Rect { x, y, width, height } = rect;
        self.push(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"2\"><title>{}</title></rect>\n",
            escape(meaning)
        ));
    }

    /// Text from here to the right; `y` is its baseline.
    pub(super) fn text(&mut self, class: &str, x: i32, y: i32, size: i32, text: &str) {
        self.anchored(class, (x, y), size, Anchor::Start, text);
    }

    /// Text at a place; classes that begin with `strong` are bold.
    pub(super) fn anchored(
        &mut self,
        class: &str,
        (x, y): (i32, i32),
        size: i32,
        anchor: Anchor,
        text: &str,
    ) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        self.push(format_args!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{anchor}>{}</text>\n",
            escape(text)
        ));
    }

    /// A filled outline behind other things.
    pub(super) fn shape(&mut self, class: &str, points: &[(i32, i32)]) {
        let points = joined(points);
        self.push(format_args!("<polygon class=\"{class}\" points=\"{points}\"/>\n"));
    }

    /// A line through these points; one of the class `arrow` has a head at its end.
    pub(super) fn line(&mut self, class: &str, points: &[(i32, i32)]) {
        let head = if class.starts_with("arrow") { " marker-end=\"url(#head)\"" } else { "" };
        let points = joined(points);
        self.push(format_args!("<polyline class=\"{class}\" points=\"{points}\"{head}/>\n"));
    }

    /// An icon around a centre.
    pub(super) fn icon(
        &mut self,
        icon: Icon,
        (x, y): (i32, i32),
        size: i32,
        sign: Option<Sign<'_>>,
    ) {
        let (left, top) = (x - size / 2, y - size / 2);
        self.push(format_args!(
            "<svg class=\"icon\" x=\"{left}\" y=\"{top}\" width=\"{size}\" height=\"{size}\" viewBox=\"0 0 48 48\">{}</svg>\n",
            icon.drawing()
        ));
        if let Some(sign) = sign {
            self.mark(sign, left + size - 2, top + 2);
        }
    }

    /// A sign around a centre.
    pub(super) fn mark(&mut self, Sign { mark, resources }: Sign<'_>, x: i32, y: i32) {
        let about = match resources {
            [] => String::new(),
            names => format!(" data-resources=\"{}\"", escape(&names.join(" "))),
        };
        self.push(format_args!(
            "<g class=\"{}\"{about} transform=\"translate({x} {y})\"><title>{}</title><circle r=\"8\"/><path d=\"{}\"/></g>\n",
            mark.class(),
            mark.word(),
            mark.path()
        ));
    }

    /// The document: a panel of its own, so that it is readable on light and dark pages.
    pub(super) fn finish(self, width: i32, height: i32, title: &str, description: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"title description\">\n\
             <title id=\"title\">{}</title>\n<desc id=\"description\">{}</desc>\n{}\
             <rect class=\"panel\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"10\"/>\n{}</svg>\n",
            escape(title),
            escape(description),
            sheet::SHEET,
            width - 1,
            height - 1,
            self.body
        )
    }
}

fn joined(points: &[(i32, i32)]) -> String {
    points.iter().map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" ")
}
