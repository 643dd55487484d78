//! Templates.

use crate::domain::report::TemplatesReport;

use super::dash;
use crate::render::table::{self, number, text};

/// `hub templates`.
#[must_use]
pub fn templates(report: &TemplatesReport) -> String {
    let rows = report.templates.iter().map(|template| {
        let path = template.path.as_ref();
        vec![
            template.name.clone(),
            template.source.as_str().to_owned(),
            template.strategies.len().to_string(),
            path.map_or_else(dash, |path| path.display().to_string()),
        ]
    });
    table::draw(
        &[
            text("TEMPLATE"),
            text("FROM"),
            number("STRATEGIES"),
            text("FILE"),
        ],
        rows.collect(),
    )
}

/// `hub templates NAME`: the text and nothing else, so that it can go into a file.
#[must_use]
pub fn template(report: &TemplatesReport) -> String {
    let texts = report.templates.iter();
    texts.map(|template| template.text.as_str()).collect()
}
