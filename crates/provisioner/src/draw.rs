//! Pictures: the topology as in the brief's diagram, and an apply on a time axis. SVG without scripts, fonts or links, so that
//! it shows wherever an image does; Mermaid for what renders that.

mod canvas;
mod icon;
mod mark;
mod mermaid;
mod parts;
mod sheet;
mod text;
mod timeline;
mod topology;

pub use mark::{Annotations, Mark};
pub use mermaid::topology_mermaid;
pub use text::width as text_width;
pub use timeline::timeline_svg;
pub use topology::topology_svg;
