"""What people read: the page (`html.render`) and the summary on the terminal (`terminal.show`).

Both are written from one `Report` and nothing else. The way is text -> page -> writer: `text` makes
every string of the report safe to show, `page` decides on the content and its order, and the
template and the terminal only lay it out.
"""
