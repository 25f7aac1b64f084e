//! The width of text, without a font at hand.

/// The advance widths of `DejaVu Sans` from space to tilde, in thousandths of the font's size. It is about the widest of the
/// fonts that systems have for `sans-serif`, so that what fits in it fits in the others.
const REGULAR: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
];

/// The same of `DejaVu Sans Bold`.
const BOLD: [u16; 95] = [
    348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696,
    696, 696, 696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 580, 1000, 774, 762, 734, 830, 683,
    683, 821, 837, 372, 372, 775, 637, 995, 837, 850, 733, 850, 770, 720, 682, 812, 774, 1103, 771,
    724, 725, 457, 365, 457, 838, 500, 500, 675, 716, 593, 716, 678, 435, 716, 712, 343, 343, 665,
    343, 1042, 712, 687, 716, 716, 493, 595, 478, 712, 652, 924, 645, 652, 582, 712, 365, 712, 838,
];

/// The width of text in pixels, rounded up.
pub fn width(text: &str, size: i32, bold: bool) -> i32 {
    let widths = if bold { &BOLD } else { &REGULAR };
    let thousandths: i32 = text
        .chars()
        .map(|letter| {
            let index = u32::from(letter).wrapping_sub(32) as usize;
            // What is beyond ASCII is at most about as wide as the font is high.
            widths.get(index).map_or(1000, |width| i32::from(*width))
        })
        .sum();
    (thousandths * size + 999) / 1000
}

/// The text, or its beginning with an ellipsis where it is wider than this.
pub(super) fn fit(text: &str, size: i32, bold: bool, room: i32) -> String {
    if width(text, size, bold) <= room {
        return text.to_owned();
    }
    let mut short: String = text.to_owned();
    while short.pop().is_some() {
        let with_ellipsis = format!("{}…", short.trim_end());
        if width(&with_ellipsis, size, bold) <= room {
            return with_ellipsis;
        }
    }
    String::new()
}

/// Lines that are no wider than this, broken behind hyphens where there are any.
pub(super) fn wrap(text: &str, size: i32, room: i32) -> Vec<String> {
    let mut lines = vec![String::new()];
    for part in text.split_inclusive('-') {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() || width(&format!("{line}{part}"), size, false) <= room {
            line.push_str(part);
        } else {
            lines.push(part.to_owned());
        }
        while let Some(line) = lines.last_mut()
            && width(line, size, false) > room
            && line.chars().count() > 1
        {
            let mut rest = String::new();
            while width(line, size, false) > room
                && let Some(letter) = line.pop()
            {
                rest.insert(0, letter);
            }
            lines.push(rest);
        }
    }
    lines
}

/// Text as XML holds it, in content and in attributes. What XML cannot hold at all is left out.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_and_broken_to_its_room() {
        assert_eq!(width("VPC", 10, false), 20);
        assert_eq!(fit("skyward", 10, false, 100), "skyward");
        assert_eq!(fit("skyward-assets", 10, false, 50), "skywar…");
        assert_eq!(
            wrap("skyward-assets-123456789012-eu", 10, 90),
            ["skyward-assets-", "123456789012-", "eu"]
        );
        for line in wrap("a-very-long-name-and-then-onewithoutanyhyphenatall", 10, 60) {
            assert!(width(&line, 10, false) <= 60, "{line}");
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_escaped_or_left_out() {
        assert_eq!(escape("a<b>&\"c'\u{1}\u{ffff}é"), "a&lt;b&gt;&amp;&quot;c&#39;é");
    }
}
