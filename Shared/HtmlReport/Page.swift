/// The frame of a report: one file that needs nothing else, no script, no font, no picture from anywhere.
package enum Page {
    /// A whole page.
    package static func make(title: String, _ body: (inout Html) -> Void) -> [UInt8] {
        var html = Html()
        html.append(raw: "<!DOCTYPE html>\n")
        html.element("html", ["lang": "en", "xmlns": "http://www.w3.org/1999/xhtml"]) { html in
            html.element("head") { html in
                html.empty("meta", ["charset": "utf-8"])
                html.empty("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                html.element("title", text: title)
                html.element("style") { $0.append(raw: style) }
            }
            html.newline()
            html.element("body") { html in
                html.element("main") { body(&$0) }
            }
        }
        html.newline()
        return Array(html.text.utf8)
    }

    /// Print: A4, black on white, figures two to a row and never cut in half. Screen: one column on a phone, two from 720 pixels on.
    private static let style = """
        :root{--ink:#1b1f24;--quiet:#5b6570;--paper:#fff;--panel:#f5f6f8;--line:#d9dde2;--a:#1f5fa8;--b:#c2410c;--c:#2f7d4f;--d:#7a3e9d;color-scheme:light dark}
        @media screen and (prefers-color-scheme:dark){:root{--ink:#e7eaee;--quiet:#9aa5b1;--paper:#14171b;--panel:#1d2126;--line:#363c44;--a:#6aa9ef;--b:#f08a4b;--c:#6cc08b;--d:#c58be0}}
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif}
        main{max-width:1080px;margin:0 auto;padding:20px 16px 48px}
        h1{font-size:1.6rem;line-height:1.2;margin:.2em 0}
        h2{font-size:1.15rem;margin:2.2em 0 .6em;padding-bottom:.25em;border-bottom:1px solid var(--line)}
        p{margin:.5em 0;max-width:46em}
        .quiet,figcaption small{color:var(--quiet)}
        .hash{overflow-wrap:anywhere}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(148px,1fr));gap:10px;margin:1.2em 0}
        .tile{background:var(--panel);border-radius:8px;padding:10px 12px}
        .tile b{display:block;font-size:1.5rem;line-height:1.25;font-variant-numeric:tabular-nums}
        .tile span{display:block;color:var(--quiet);font-size:.85rem}
        .figures{display:grid;grid-template-columns:minmax(0,1fr);gap:22px 28px}
        figure{margin:0;min-width:0}
        figcaption{font-weight:600;margin-bottom:.4em}
        svg.plot{display:block;width:100%;height:auto;max-width:560px}
        svg text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif;fill:var(--quiet)}
        svg text.label{fill:var(--ink)}svg text.strong{fill:var(--ink);font-size:10.5px}svg text.quiet{font-size:10px}
        svg text.halo{fill:var(--ink);paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}
        .grid{stroke:var(--line);stroke-width:.6}.axis{stroke:var(--quiet);stroke-width:1}.vertical{stroke:var(--quiet);stroke-width:1;stroke-dasharray:2 3}
        .curve{fill:none;stroke-width:1.8;stroke-linejoin:round}.dashed{stroke-dasharray:5 4}.whisker{stroke-width:1.2}.edge{stroke:var(--line);stroke-width:1.2}
        .s1{stroke:var(--a)}.s2{stroke:var(--b)}.s3{stroke:var(--c)}.s4{stroke:var(--quiet)}
        .f1{fill:var(--a)}.f2{fill:var(--b)}.f3{fill:var(--c)}.f4{fill:var(--quiet)}
        .area{opacity:.18}.track{fill:var(--line);opacity:.5}.mark{fill:var(--paper);stroke:var(--ink);stroke-width:1.6}
        .node{fill:var(--paper);stroke:var(--a);stroke-width:2}.leaf{fill:var(--c)}
        .legend{margin:.3em 0 0;font-size:.85rem;color:var(--quiet)}.legend span{display:inline-block;margin-right:1.1em;white-space:nowrap}.legend svg{vertical-align:middle}
        .scroll{overflow-x:auto;margin:.6em 0 1.2em;min-width:0}.pair{display:grid;grid-template-columns:minmax(0,1fr);gap:0 28px;align-items:start}
        .cap{overflow-wrap:anywhere;font-weight:600;margin:1em 0 .2em;font-size:.95rem}
        table{border-collapse:collapse;font-size:.84rem;font-variant-numeric:tabular-nums}
        th,td{padding:.32em .65em .32em 0;text-align:right;vertical-align:top;border-bottom:1px solid var(--line);white-space:nowrap}
        th{font-weight:600;color:var(--quiet);white-space:normal;line-height:1.25;vertical-align:bottom}
        th:first-child,td:first-child{text-align:left}
        td:first-child{white-space:normal;overflow-wrap:anywhere;min-width:7.5em}
        td.wrap{white-space:normal;overflow-wrap:anywhere;text-align:left}
        dl{margin:.5em 0}dt{font-weight:600;margin-top:.5em}dd{margin:0;color:var(--quiet);max-width:46em}
        .note{border-left:3px solid var(--b);padding:.1em .8em;background:var(--panel)}
        @media screen and (min-width:720px){.figures,.pair{grid-template-columns:repeat(2,minmax(0,1fr))}main{padding:32px 28px 64px}table{font-size:.9rem}th,td{padding-right:.9em}td:first-child{white-space:nowrap}}
        @page{size:A4;margin:14mm}
        @media print{body{font-size:9.5pt}main{max-width:none;padding:0}h1{font-size:17pt}h2{margin:1.4em 0 .5em;break-after:avoid}
        .figures,.pair{grid-template-columns:repeat(2,minmax(0,1fr));gap:5mm 7mm}.pair{gap:0 7mm}p{max-width:none}.legend{font-size:8pt}.cap,h2+p{break-after:avoid}.pair>div,.pair>div>div,.figures>div,table,dl>div{break-inside:avoid}dt{break-after:avoid}figure,.tile,tr{break-inside:avoid}.tile{border:1px solid var(--line)}
        .tiles{grid-template-columns:repeat(3,1fr);gap:2mm}.tile{padding:2mm}.tile b{font-size:12pt}.scroll{overflow:visible}table{font-size:8pt}th,td{padding-right:.7em}thead{display:table-header-group}.scroll{margin:.3em 0 .8em}
        *{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
        """

    /// A table that scrolls by itself where it is wider than the screen; the first column stands left, the others right.
    package static func table(_ html: inout Html, caption: String? = nil, head: [String], rows: [[String]]) {
        html.element("div") { html in
            if let caption { html.element("p", ["class": "cap"], text: caption) }
            html.element("div", ["class": "scroll"]) { html in
                html.element("table") { html in
                    html.element("thead") { html in
                        html.element("tr") { html in for cell in head { html.element("th", text: cell) } }
                    }
                    html.element("tbody") { html in
                        for row in rows {
                            html.element("tr") { html in
                                for cell in row { html.element("td") { breakable(cell, &$0) } }
                            }
                        }
                    }
                }
            }
        }
        html.newline()
    }

    /// Text that may be broken behind its underscores, where a phone has no room for a whole name.
    private static func breakable(_ text: String, _ html: inout Html) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        for (place, part) in parts.enumerated() {
            let isLast = place == parts.count - 1
            html.append(isLast ? String(part) : part + "_")
            if !isLast { html.empty("wbr") }
        }
    }

    /// Names and words beside each other; a long word is broken.
    package static func facts(_ html: inout Html, caption: String? = nil, _ facts: [(name: String, value: String)]) {
        html.element("div") { html in
            if let caption { html.element("p", ["class": "cap"], text: caption) }
            html.element("div", ["class": "scroll"]) { html in
                html.element("table") { html in
                    html.element("tbody") { html in
                        for fact in facts {
                            html.element("tr") { html in
                                html.element("td", text: fact.name)
                                html.element("td", ["class": "wrap"], text: fact.value)
                            }
                        }
                    }
                }
            }
        }
        html.newline()
    }
}
