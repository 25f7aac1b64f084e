//! Builds the image and gets it to the nodes, by the image crate's own program.
