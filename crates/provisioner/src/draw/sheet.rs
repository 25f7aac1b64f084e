//! The style sheet of the pictures, for light and dark surroundings.

/// The colours, for light and for dark surroundings, and the head of arrows. A program that knows no media queries shows the
/// light ones, on the picture's own panel.
pub(super) const SHEET: &str = r#"<style>
text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: #1f2328 }
.panel { fill: #ffffff; stroke: #d0d7de }
.strong, .strong-group, .strong-attach, .strong-critical { font-weight: 700 }
.muted { fill: #57606a }
.strong-group { fill: #b3141f }
.strong-attach { fill: #b8004a }
.strong-critical { fill: #b3400a }
.vpc { fill: none; stroke: #c7004f; stroke-width: 2 }
.zone { fill: #f4f6f9 }
.public { fill: none; stroke: #33389e; stroke-width: 1.5; stroke-dasharray: 6 4 }
.internal { fill: none; stroke: #0f6fde; stroke-width: 1.5; stroke-dasharray: 6 4 }
.span-group { fill: #fff5f5; stroke: #d7202c; stroke-width: 2 }
.span-balancer { fill: #efe9fc; stroke: #7443d6; stroke-width: 1.5 }
.scaling { fill: #fde2ac; stroke: #e09a0f; stroke-width: 1.5 }
.arrow, .arrow-out { fill: none; stroke: #1f2328; stroke-width: 1.5 }
.arrow-out { stroke-dasharray: 3 3 }
.head { fill: #1f2328 }
.line { fill: none; stroke: #57606a; stroke-width: 1.5 }
.grid { fill: none; stroke: #e4e8ec }
.stripe { fill: #f6f8fa }
.note { fill: #57606a; stroke: #ffffff; stroke-width: 4; stroke-linejoin: round; paint-order: stroke }
.bar { fill: #7ba7d9 }
.bar-critical { fill: #e0691d }
.link { fill: none; stroke: #e0691d; stroke-width: 1.5 }
.on { fill: none; stroke: #ffffff; stroke-width: 2.2; stroke-linecap: round; stroke-linejoin: round }
.on-fill { fill: #ffffff }
.ring { fill: #ffffff; stroke: #4a2bb5; stroke-width: 3 }
.ink { fill: none; stroke: #4a2bb5; stroke-width: 2.6; stroke-linecap: round; stroke-linejoin: round }
.person { fill: #eceff2; stroke: #1f2328; stroke-width: 2.4 }
.tile-balancer { fill: #6a3fd0 } .tile-instance { fill: #d9680f } .tile-database { fill: #2e4bd8 } .tile-bucket { fill: #3c8a26 }
.mark-in-sync circle { fill: #1a7f37 } .mark-update circle { fill: #9a6700 } .mark-create circle { fill: #0f6fde }
.mark-replace circle { fill: #8250df } .mark-delete circle { fill: #cf222e }
[class^="mark-"] circle { stroke: #ffffff; stroke-width: 1.5 }
[class^="mark-"] path { fill: none; stroke: #ffffff; stroke-width: 1.8; stroke-linecap: round }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.panel { fill: #0d1117; stroke: #30363d }
.muted { fill: #a5aeb8 }
.strong-group { fill: #ff8f88 }
.strong-attach { fill: #ff85b4 }
.strong-critical { fill: #ffa066 }
.vpc { stroke: #f0568f }
.zone { fill: #161c24 }
.public { stroke: #8f95ff }
.internal { stroke: #5ba8ff }
.span-group { fill: #241417; stroke: #f2545b }
.span-balancer { fill: #211a38; stroke: #9f7bf2 }
.scaling { fill: #4a3408; stroke: #e09a0f }
.arrow, .arrow-out { stroke: #e6edf3 }
.head { fill: #e6edf3 }
.line { stroke: #a5aeb8 }
.grid { stroke: #252c35 }
.stripe { fill: #131922 }
.note { fill: #a5aeb8; stroke: #0d1117 }
.bar { fill: #3f6fa8 }
.ring { fill: #0d1117; stroke: #a58bff }
.ink { stroke: #a58bff }
.person { fill: #30363d; stroke: #e6edf3 }
}
</style>
<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0 L10 5 L0 10 Z"/></marker></defs>
"#;
