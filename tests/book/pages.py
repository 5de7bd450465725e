#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pages.py - what is wrong with the pages in a folder, a line each

Each tag is closed in its order, no id is there twice, each link leads to a
file and to an id in it, and nothing is fetched from a network.
"""
import glob
import os
import sys
from html.parser import HTMLParser

EMPTY = {'meta', 'link', 'br', 'img', 'hr', 'input'}


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.path, self.open, self.ids = path, [], set()
        self.links, self.wrong = [], []
        with open(path, encoding='utf-8') as f:
            self.feed(f.read())
        self.close()
        if self.open:
            self.say(f'<{self.open[-1]}> is not closed')

    def say(self, what):
        self.wrong.append(f'{self.path}:{self.getpos()[0]}: {what}')

    def handle_starttag(self, tag, attrs):
        if tag not in EMPTY:
            self.open.append(tag)
        for name, value in attrs:
            if name == 'id':
                if value in self.ids:
                    self.say(f'the id {value} is there twice')
                self.ids.add(value)
            elif name in ('href', 'src'):
                self.links.append((self.getpos()[0], value))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in EMPTY:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.say(f'</{tag}> closes <{(self.open or ["nothing"])[-1]}>')
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def dead_links(page, pages, folder):
    for line, link in page.links:
        if link == 'data:,':
            continue
        file, _, anchor = link.partition('#')
        target = os.path.join(folder, file) if file else page.path
        if '//' in link or not os.path.exists(target):
            yield f'{page.path}:{line}: {link} leads nowhere'
        elif anchor and anchor not in pages[target].ids:
            yield f'{page.path}:{line}: {file} has no id {anchor}'


def main(folder):
    pages = {p: Page(p) for p in sorted(glob.glob(folder + '/*.html'))}
    wrong = [] if pages else [f'{folder}: no pages']
    for page in pages.values():
        wrong += page.wrong
        wrong += dead_links(page, pages, folder)
    print('\n'.join(wrong), end='\n' if wrong else '')
    return 1 if wrong else 0


sys.exit(main(sys.argv[1]))
