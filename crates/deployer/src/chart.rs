//! The release as a Helm chart.
