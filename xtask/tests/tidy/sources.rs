//! Just enough of Rust's syntax to see which modules a file is made of and which ones it uses.

use std::collections::BTreeMap;

/// A word or a sign of a source text; comments and literals are left out.
pub(crate) type Token = String;

/// Splits a source text into words and signs; `::` is one sign.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let characters: Vec<char> = text.chars().collect();
    let at = |index: usize| characters.get(index).copied().unwrap_or(' ');
    let mut tokens = Vec::new();
    let mut index = 0;
    while index < characters.len() {
        let character = at(index);
        if character == '/' && at(index + 1) == '/' {
            while index < characters.len() && at(index) != '\n' {
                index += 1;
            }
        } else if character == '/' && at(index + 1) == '*' {
            index = after_comment(&characters, index);
        } else if let Some(end) = after_literal(&characters, index) {
            index = end;
        } else if character.is_alphabetic() || character == '_' {
            let begin = index;
            while at(index).is_alphanumeric() || at(index) == '_' {
                index += 1;
            }
            tokens.push(characters[begin..index].iter().collect());
        } else if character == ':' && at(index + 1) == ':' {
            tokens.push("::".to_owned());
            index += 2;
        } else {
            if !character.is_whitespace() {
                tokens.push(character.to_string());
            }
            index += 1;
        }
    }
    tokens
}

fn after_comment(characters: &[char], begin: usize) -> usize {
    let (mut index, mut depth) = (begin, 0);
    while index < characters.len() {
        match (characters[index], characters.get(index + 1)) {
            ('/', Some('*')) => (index, depth) = (index + 2, depth + 1),
            ('*', Some('/')) => (index, depth) = (index + 2, depth - 1),
            _ => index += 1,
        }
        if depth == 0 {
            break;
        }
    }
    index
}

/// The end of the string or character that begins here, if one does. A lifetime is none.
fn after_literal(characters: &[char], begin: usize) -> Option<usize> {
    let at = |index: usize| characters.get(index).copied().unwrap_or(' ');
    let is_in_word = begin > 0 && (at(begin - 1).is_alphanumeric() || at(begin - 1) == '_');
    let mut index = begin;
    if !is_in_word && matches!(at(index), 'b' | 'c') && matches!(at(index + 1), '"' | 'r' | '\'') {
        index += 1;
    }
    if !is_in_word && at(index) == 'r' && matches!(at(index + 1), '"' | '#') {
        let hashes = characters[index + 1..].iter().take_while(|c| **c == '#').count();
        index += 1 + hashes;
        if at(index) != '"' {
            return None;
        }
        let is_end = |end: usize| at(end) == '"' && (1..=hashes).all(|n| at(end + n) == '#');
        return (index + 1..characters.len()).find(|end| is_end(*end)).map(|end| end + 1 + hashes);
    }
    let quote = at(index);
    let is_character = quote == '\'' && (at(index + 1) == '\\' || at(index + 2) == '\'');
    if quote != '"' && !is_character {
        return None;
    }
    index += 1;
    while index < characters.len() && at(index) != quote {
        index += if at(index) == '\\' { 2 } else { 1 };
    }
    Some(index + 1)
}

/// Takes the items under `#[cfg(test)]` away, and returns the names of the modules that were declared among them.
pub(crate) fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
    let mut kept = Vec::new();
    let mut modules = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        if !begins_test(&tokens[index..]) {
            kept.push(tokens[index].clone());
            index += 1;
            continue;
        }
        let item = &tokens[index..];
        let length = item_length(item);
        let mut words = item[..length].windows(3);
        if let Some(declared) = words.find(|words| words[0] == "mod" && words[2] == ";") {
            modules.push(declared[1].clone());
        }
        index += length;
    }
    (kept, modules)
}

fn begins_test(tokens: &[Token]) -> bool {
    let begins = |words: &[&str]| tokens.iter().take(words.len()).eq(words.iter());
    begins(&["#", "[", "cfg", "(", "test"]) || begins(&["#", "[", "cfg", "(", "all", "(", "test"])
}

/// The tokens of an item with its attributes: to the `;`, the `}` or the `,` that ends it.
fn item_length(tokens: &[Token]) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        let is_end = match token.as_str() {
            "}" => depth <= 0,
            ";" | "," => depth == 0,
            _ => false,
        };
        if is_end {
            return index + 1;
        }
    }
    tokens.len()
}

/// The modules that a root declares, and the modules that its re-exports come from, by the name of each item.
pub(crate) fn root(tokens: &[Token]) -> (Vec<String>, BTreeMap<String, String>) {
    let mut modules = Vec::new();
    for words in tokens.windows(3) {
        if words[0] == "mod" && matches!(words[2].as_str(), ";" | "{") {
            modules.push(words[1].clone());
        }
    }
    let mut exports = BTreeMap::new();
    let mut index = 0;
    while index < tokens.len() {
        if tokens[index] == "use" {
            let length = item_length(&tokens[index..]);
            let path = &tokens[index + 1..index + length];
            let path = if path.first().is_some_and(|word| word == "crate" || word == "self") {
                &path[2..]
            } else {
                path
            };
            if let Some(module) = path.first().filter(|word| modules.contains(word)) {
                for item in path.iter().skip(1).filter(|word| is_word(word)) {
                    exports.insert(item.clone(), module.clone());
                }
            }
            index += length;
        } else {
            index += 1;
        }
    }
    (modules, exports)
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The names at the crate's root that a file uses, by `crate::…` and by as many `super::` as lead there from a module of
/// the given depth.
pub(crate) fn used(tokens: &[Token], depth: usize) -> Vec<String> {
    let mut names = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let is_path_begin = index == 0 || tokens[index - 1] != "::";
        let mut end = index;
        if is_path_begin && tokens[index] == "crate" && has_colons(tokens, index + 1) {
            end = index + 2;
        } else if is_path_begin && tokens[index] == "super" {
            let mut steps = 0;
            while end < tokens.len() && tokens[end] == "super" && has_colons(tokens, end + 1) {
                (end, steps) = (end + 2, steps + 1);
            }
            if steps != depth {
                index = end.max(index + 1);
                continue;
            }
        }
        if end > index {
            names.extend(first_names(&tokens[end..]));
        }
        index = end.max(index + 1);
    }
    names
}

fn has_colons(tokens: &[Token], index: usize) -> bool {
    tokens.get(index).is_some_and(|token| token == "::")
}

/// The first name of a path, or of each path in a group.
fn first_names(tokens: &[Token]) -> Vec<String> {
    match tokens.first().map(String::as_str) {
        Some("{") => {
            let length = item_length(tokens);
            let (mut depth, mut names) = (0, Vec::new());
            for pair in tokens[..length].windows(2) {
                match pair[0].as_str() {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    _ => {}
                }
                if depth == 1 && matches!(pair[0].as_str(), "{" | ",") && is_word(&pair[1]) {
                    names.push(pair[1].clone());
                }
            }
            names
        }
        Some(name) if is_word(name) => vec![name.to_owned()],
        _ => Vec::new(),
    }
}
