#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""contrast.py - is each colour of a page strong enough: WCAG 2 AA

Usage: contrast.py FILE TEXT,... MARK,...

FILE has :root { --name: #rgb; ... }, and again for a dark screen.  Each TEXT
must have a contrast of 4.5 to --page, each MARK one of 3.  What fails is
printed, a line each.
"""
import re
import sys


def luminance(colour):
    h = colour.lstrip('#')
    h = ''.join(c * 2 for c in h) if len(h) == 3 else h
    parts = [int(h[i:i + 2], 16) / 255 for i in (0, 2, 4)]
    r, g, b = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4
               for p in parts]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a, b):
    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


def main(path, texts, marks):
    with open(path, encoding='utf-8') as f:
        roots = re.findall(r':root \{(.*?)\}', f.read(), re.S)
    wrong, colours = [], {}
    for name, root in zip(('light', 'dark'), roots):
        colours.update(re.findall(r'--(\w+): (#\w+)', root))
        for least, what in ((4.5, texts), (3, marks)):
            for c in what.split(','):
                n = contrast(colours[c], colours['page'])
                if n < least:
                    wrong.append(f'{path}: {name}: {c} on page has {n:.2f}, '
                                 f'not {least}')
    if len(roots) != 2:
        wrong.append(f'{path}: expected colours for a light and a dark screen')
    print('\n'.join(wrong), end='\n' if wrong else '')
    return 1 if wrong else 0


sys.exit(main(*sys.argv[1:]))
