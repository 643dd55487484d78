//! Markdown of posts as part of a page: only what shows text.
//!
//! Tags that a post holds are shown as text, pictures are named and not loaded, and a link leads
//! to the web or to a mailbox, or is none.

use maud::{Markup, PreEscaped, Render, html};
use pulldown_cmark::html::push_html;
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::words::{Words, shown};

/// What a page shows of a post at most, in bytes.
const LONGEST: usize = 64 * 1024;

/// What is nested deeper is shown as it is.
const DEEPEST: usize = 24;

/// Draws a post.
pub(super) fn draw(text: &str) -> Markup {
    let part = beginning(text);
    html! {
        (drawn(part))
        @if part.len() < text.len() {
            p.note { "Here it is cut: it has " (text.len()) " bytes." }
        }
    }
}

fn beginning(text: &str) -> &str {
    if text.len() <= LONGEST {
        return text;
    }
    let mut end = LONGEST;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn drawn(text: &str) -> Markup {
    let options =
        Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_TABLES;
    let mut depth = 0_usize;
    let mut deepest = 0;
    let events: Vec<Event<'_>> = Parser::new_ext(text, options)
        .inspect(|event| match event {
            Event::Start(_) => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        })
        .collect();
    if deepest > DEEPEST {
        return html! { pre { (Words(text)) } };
    }
    let mut links = Links::default();
    let events = events.into_iter().flat_map(|event| links.harmless(event));
    let mut page = String::new();
    push_html(&mut page, events);
    PreEscaped(page)
}

/// The targets of what is open and is no link on the page, innermost last; `None` for one that is.
#[derive(Default)]
struct Links(Vec<Option<String>>);

impl Links {
    fn harmless<'e>(&mut self, event: Event<'e>) -> Vec<Event<'e>> {
        vec![match event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                let kept = is_harmless(&dest_url);
                self.0.push((!kept).then(|| dest_url.to_string()));
                if !kept {
                    return Vec::new();
                }
                // Markup of hub's own; the address is escaped by `maud`.
                let url = shown(&dest_url);
                raw(&format!(
                    "<a rel=\"noreferrer nofollow\" href=\"{}\">",
                    url.as_str().render().0
                ))
            }
            Event::Start(Tag::Image { dest_url, .. }) => {
                self.0.push(Some(dest_url.to_string()));
                return Vec::new();
            }
            Event::End(TagEnd::Link | TagEnd::Image) => match self.0.pop().flatten() {
                Some(target) if target.is_empty() => return Vec::new(),
                Some(target) => said(&format!(" <{target}>")),
                None => raw("</a>"),
            },
            Event::Start(Tag::Table(columns)) => {
                return vec![
                    raw("<div class=\"scroll\" tabindex=\"0\">"),
                    Event::Start(Tag::Table(columns)),
                ];
            }
            Event::End(TagEnd::Table) => return vec![Event::End(TagEnd::Table), raw("</div>\n")],
            // The page has headings of its own above those of a post.
            Event::Start(Tag::Heading { level, .. }) => Event::Start(Tag::Heading {
                level: below(level),
                id: None,
                classes: Vec::new(),
                attrs: Vec::new(),
            }),
            Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(below(level))),
            Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
            Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => said(&text),
            Event::Code(text) => Event::Code(shown(&text).into()),
            Event::Start(Tag::CodeBlock(_)) => {
                Event::Start(Tag::CodeBlock(pulldown_cmark::CodeBlockKind::Indented))
            }
            Event::TaskListMarker(done) => said(if done { "☑ " } else { "☐ " }),
            other => other,
        }]
    }
}

fn raw<'e>(markup: &str) -> Event<'e> {
    Event::InlineHtml(CowStr::from(markup.to_owned()))
}

fn said<'e>(text: &str) -> Event<'e> {
    Event::Text(shown(text).into())
}

fn is_harmless(target: &str) -> bool {
    let scheme = target.split_once(':').map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        let schemes = ["http", "https", "mailto"];
        schemes
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
    })
}

fn below(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H4,
        HeadingLevel::H2 => HeadingLevel::H5,
        _ => HeadingLevel::H6,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> String {
        draw(text).into_string()
    }

    #[test]
    fn what_is_written_is_shown() {
        insta::assert_snapshot!(of("# Done\n\n- [x] *fast*\n- `a < b`\n\n| a | b |\n|--|--|\n| 1 | 2 |\n\n```sh\nx && y\n```\n[site](https://example.com/?a=1&b=2)"), @r#"
        <h4>Done</h4>
        <ul>
        <li>☑ <em>fast</em></li>
        <li><code>a &lt; b</code></li>
        </ul>
        <div class="scroll" tabindex="0"><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>
        <tr><td>1</td><td>2</td></tr>
        </tbody></table>
        </div>
        <pre><code>x &amp;&amp; y
        </code></pre>
        <p><a rel="noreferrer nofollow" href="https://example.com/?a=1&amp;b=2">site</a></p>
        "#);
    }

    #[test]
    fn nothing_is_run_or_loaded() {
        insta::assert_snapshot!(of("<script>alert(1)</script>\n\na <b onclick=x>b</b> [x](javascript:alert(1)) ![pic](https://example.com/p.png) [y](data:text/html,x) [z](  JaVaScRiPt:x) [file](/etc/passwd) [q](https://x/\"onmouseover=\"y)"), @r#"
        <p>&lt;script&gt;alert(1)&lt;/script&gt;
        </p>
        <p>a &lt;b onclick=x&gt;b&lt;/b&gt; x &lt;javascript:alert(1)&gt; pic &lt;https://example.com/p.png&gt; y &lt;data:text/html,x&gt; z &lt;JaVaScRiPt:x&gt; file &lt;/etc/passwd&gt; <a rel="noreferrer nofollow" href="https://x/&quot;onmouseover=&quot;y">q</a></p>
        "#);
    }

    #[test]
    fn long_and_deep_posts_are_shown_in_part_or_as_they_are() {
        let long = of(&"ä".repeat(LONGEST));
        assert!(
            long.len() < LONGEST + 200 && long.contains("131072 bytes"),
            "{}",
            long.len()
        );
        assert!(of(&format!("{} x", ">".repeat(1000))).starts_with("<pre>&gt;"));
    }

    proptest! {
        #[test]
        fn whatever_is_posted_the_page_stays_whole(
            text in "([<>&\"'`\\[\\]()!*_~#|:\n\\- =/]|script|javascript:|https://|\\PC){0,80}"
        ) {
            let page = format!("<div>{}</div>", of(&text));
            let document = roxmltree::Document::parse(&page);
            prop_assert!(document.is_ok(), "{text:?}\n{page}\n{document:?}");
            for node in document.unwrap().descendants() {
                let name = node.tag_name().name();
                prop_assert!(!["script", "img", "style", "iframe", "input"].contains(&name), "{page}");
                for attribute in node.attributes() {
                    prop_assert!(["href", "rel", "class", "style", "start"].contains(&attribute.name()), "{page}");
                    prop_assert!(attribute.name() != "href" || is_harmless(attribute.value()), "{page}");
                }
            }
        }
    }
}
