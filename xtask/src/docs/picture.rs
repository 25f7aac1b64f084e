//! A terminal's output as a picture: SVG, in which the lines come one after the other.

use std::fmt::Write;

/// The line above a fenced block that makes it a picture: `<!-- pictured up.svg -->`.
const MARK: &str = "<!-- pictured ";
/// Pixels from line to line, and from character to character.
const LINE: f64 = 18.0;
const CHARACTER: f64 = 7.8;
/// Pixels between the text and the picture's edge; above it there is a bar more.
const MARGIN: f64 = 20.0;
const BAR: f64 = 24.0;
/// Seconds from line to line, and before what took longer than ten.
const PAUSE: f64 = 0.15;
const LONG_PAUSE: f64 = 1.5;

const STYLE: &str = "text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#d0d7de;white-space:pre}\
.dim{fill:#8b949e}.good{fill:#56d364}.note{fill:#e3b341}.link{fill:#79c0ff}\
.line{animation:come .1s both}@keyframes come{from{opacity:0}}@media(prefers-reduced-motion:reduce){.line{animation:none}}";

/// The pictures of a document: the name of each file, beside the document, and what is in it.
pub(super) fn pictures(text: &str) -> Vec<(String, String)> {
    let mut pictures = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let name = line.strip_prefix(MARK).and_then(|rest| rest.strip_suffix(" -->"));
        if let Some(name) = name
            && lines.next().is_some_and(|line| line.starts_with("```"))
        {
            let block: Vec<_> =
                lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            pictures.push((name.to_owned(), svg(&block)));
        }
    }
    pictures
}

/// Draws the lines of a terminal.
fn svg(lines: &[&str]) -> String {
    let columns = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let width = CHARACTER * count(columns) + 2.0 * MARGIN;
    let height = BAR + LINE * count(lines.len()) + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#0d1117\"/>\n",
        escaped(lines.first().copied().unwrap_or_default())
    );
    for (index, colour) in ["#ff5f57", "#febc2e", "#28c840"].into_iter().enumerate() {
        let x = MARGIN + 20.0 * count(index);
        let _ = writeln!(svg, "<circle cx=\"{x:.0}\" cy=\"20\" r=\"6\" fill=\"{colour}\"/>");
    }
    let mut at = 0.0;
    for (index, line) in lines.iter().enumerate() {
        at += if is_long(line) { LONG_PAUSE } else { PAUSE };
        let y = BAR + MARGIN + LINE * (count(index) + 0.7);
        let _ = write!(svg, "<g class=\"line\" style=\"animation-delay:{at:.2}s\">");
        for (column, class, word) in words(line) {
            let (x, length) =
                (MARGIN + CHARACTER * count(column), CHARACTER * count(word.chars().count()));
            // By its length, a word is as wide in every font.
            let _ = write!(
                svg,
                "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\">{}</text>",
                escaped(word)
            );
        }
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

/// The words of a line, with their columns and classes. Words are apart where two spaces or more are.
fn words(line: &str) -> Vec<(usize, &'static str, &str)> {
    let mut words = Vec::new();
    let mut column = 0;
    for part in line.split("  ") {
        let word = part.trim_start();
        let start = column + part.chars().count() - word.chars().count();
        if !word.is_empty() {
            words.push((start, class(word, words.is_empty()), word));
        }
        column += part.chars().count() + 2;
    }
    words
}

fn class(word: &str, is_first: bool) -> &'static str {
    match word {
        _ if word.starts_with("http") || word.contains("@sha256:") => "link",
        _ if word.starts_with("200 ") || word.ends_with("passed") => "good",
        _ if word.starts_with("skipped") || word.starts_with("simulated") => "note",
        _ if is_first && !word.starts_with('$') => "dim",
        _ => "",
    }
}

/// Returns true for a line that tells of ten seconds or more.
fn is_long(line: &str) -> bool {
    let words: Vec<_> = line.split_whitespace().collect();
    words.windows(2).any(|pair| match pair {
        [number, "s"] => number.parse::<f64>().is_ok_and(|seconds| seconds >= 10.0),
        _ => false,
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A number of things to draw, which is small.
fn count(number: usize) -> f64 {
    f64::from(u16::try_from(number).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_columns_and_only_what_is_marked_is_drawn() {
        assert_eq!(
            words("page    200 Hello, <b>!  2 ms"),
            [(0, "dim", "page"), (8, "good", "200 Hello, <b>!"), (25, "", "2 ms")]
        );
        let text = "```\nno\n```\n<!-- pictured a.svg -->\n```\n$ b\npage    200 <b>\n```\n<!-- pictured c.svg -->\n";
        let pictures = pictures(text);
        let [(name, svg)] = pictures.as_slice() else { panic!("{pictures:?}") };
        assert_eq!(name, "a.svg");
        assert!(
            svg.contains("<title>$ b</title>") && svg.contains(">200 &lt;b&gt;</text>"),
            "{svg}"
        );
    }
}
