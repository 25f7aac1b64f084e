//! The XML of an answer, read by its elements' names. What is absent is empty, as it is in the SDK's types.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use aws_smithy_types::error::ErrorMetadata;
use roxmltree::{Document, Node};

use crate::error::{ApiError, OperationName};
use crate::page::Tags;

/// An element of an answer; or its absence, whose parts are all absent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    node: Option<Node<'a, 'a>>,
    pub(in crate::sdk) operation: OperationName,
    /// The first part that cannot be read.
    unreadable: &'a RefCell<Option<String>>,
}

/// Reads the answer of an operation.
///
/// # Errors
/// [`ApiError::NO_ANSWER`]: it was carried out, and its answer cannot be read. And whatever `read` finds in the answer.
pub(in crate::sdk) fn read<T>(
    operation: OperationName,
    answer: &str,
    read: impl FnOnce(Element<'_>) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let unreadable = |why: String| ApiError::new(operation, ApiError::NO_ANSWER, why);
    let document = Document::parse(answer)
        .map_err(|error| unreadable(format!("the answer cannot be read: {error}")))?;
    let root = document.root_element();
    if root.tag_name().name().strip_suffix("Response") != Some(operation.action) {
        let name = root.tag_name().name();
        return Err(unreadable(format!("the answer cannot be read: it is a {name:?}")));
    }
    let wrong = RefCell::default();
    let value = read(Element { node: Some(root), operation, unreadable: &wrong })?;
    wrong.take().map_or(Ok(value), |part| {
        Err(unreadable(format!("the answer cannot be read: it has {part}")))
    })
}

/// The code and message of an error, whose root is `ErrorResponse`, or `Response` at EC2; empty where the answer is neither.
pub(super) fn refusal(body: &[u8]) -> ErrorMetadata {
    let mut error = ErrorMetadata::builder();
    let text = String::from_utf8_lossy(body);
    if let Ok(document) = Document::parse(&text) {
        let text = |name: &str| {
            let found = document.descendants().find(|node| node.tag_name().name() == name);
            found.and_then(|node| node.text())
        };
        if ["ErrorResponse", "Response"].contains(&document.root_element().tag_name().name()) {
            error = error.code(text("Code").unwrap_or_default());
            if let Some(message) = text("Message") {
                error = error.message(message);
            }
        }
    }
    error.build()
}

impl<'a> Element<'a> {
    /// The part of this name.
    pub(crate) fn child(self, name: &str) -> Self {
        let mut children = self.node.into_iter().flat_map(|node| node.children());
        Self { node: children.find(|child| child.tag_name().name() == name), ..self }
    }

    /// The element, unless it is absent.
    pub(crate) fn found(self) -> Option<Self> {
        self.node.is_some().then_some(self)
    }

    /// The text of the part of this name, where there is one.
    pub(crate) fn option(self, name: &str) -> Option<String> {
        self.child(name).node.map(|node| node.text().unwrap_or_default().to_owned())
    }

    /// The text of a part that AWS always sends.
    pub(crate) fn text(self, name: &str) -> String {
        self.option(name).unwrap_or_default()
    }

    /// The number, or `true` or `false`, that the part of this name is.
    pub(crate) fn parsed<T: FromStr>(self, name: &str) -> Option<T> {
        let text = self.option(name)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.unreadable.borrow_mut().get_or_insert_with(|| format!("{name} {text:?}"));
        }
        value
    }

    /// The parts of a list of elements.
    pub(crate) fn items(self, list: &str) -> impl Iterator<Item = Self> + use<'a> {
        let list = self.child(list).node;
        let children = list.into_iter().flat_map(|node| node.children());
        children.filter(Node::is_element).map(move |node| Self { node: Some(node), ..self })
    }

    /// The parts of a list, each converted.
    pub(crate) fn each<T>(self, list: &str, convert: impl Fn(Self) -> T) -> Vec<T> {
        self.items(list).map(convert).collect()
    }

    /// The texts of a list.
    pub(crate) fn texts(self, list: &str) -> BTreeSet<String> {
        let texts = self.items(list).filter_map(|item| item.node?.text());
        texts.map(str::to_owned).collect()
    }

    /// The texts of a list of `Key` and `Value`, such as tags.
    pub(crate) fn pairs(self, list: &str) -> BTreeMap<String, String> {
        let pairs = self.items(list);
        pairs.filter_map(|pair| Some((pair.option("Key")?, pair.text("Value")))).collect()
    }

    /// The tags of a resource of EC2.
    pub(crate) fn tags(self) -> Tags {
        let tags = self.items("tagSet");
        tags.filter_map(|tag| Some((tag.option("key")?, tag.text("value")))).collect()
    }

    /// The resource that the answer is for.
    ///
    /// # Errors
    /// [`ApiError::NO_ANSWER`] where the answer does not have it.
    pub(crate) fn made<T>(
        self,
        name: &str,
        convert: impl FnOnce(Self) -> T,
    ) -> Result<T, ApiError> {
        let empty = || ApiError::new(self.operation, ApiError::NO_ANSWER, "the answer is empty");
        self.child(name).found().map(convert).ok_or_else(empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Operation;

    fn count(answer: &str) -> Result<Option<i64>, ApiError> {
        let vpc = |answer: Element<'_>| Ok(answer.child("vpc").parsed("count"));
        read(Operation::CreateVpc.into(), answer, vpc)
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_none() {
        assert_eq!(count("<CreateVpcResponse/>").expect("it is read"), None);
        let whole = "<CreateVpcResponse xmlns='x'><vpc><count>3</count></vpc></CreateVpcResponse>";
        assert_eq!(count(whole).expect("it is read"), Some(3));
        for (answer, why) in [
            ("It works!", "unknown token"),
            ("<CreateVpcResponse><vpc>", "never closed"),
            ("<html/>", "it is a \"html\""),
            ("<CreateSubnetResponse/>", "it is a \"CreateSubnetResponse\""),
            (&whole.replace('3', "three"), "it has count \"three\""),
        ] {
            let error = count(answer).expect_err(answer);
            assert_eq!(error.code, ApiError::NO_ANSWER);
            assert!(error.message.contains(why), "{answer}: {error}");
        }
    }
}
