#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""book.py - make book: the programs, their captures and chapters, as pages

Usage, from the top of the source: python3 book/book.py OUT [TRACES]

Nothing is run and nothing is fetched: sources, TRACES (traces/), docs/,
claims/claim_list.c and lab/programs.c are read.  OUT/*.html is in English,
OUT/zh/*.html in Chinese: its chapters are book/zh/*.md, its own words for each
program book/zh/programs.md, and what pages share book/zh/words.txt.
"""
import contextlib
import difflib
import glob
import html
import os
import re
import sys

ESC = html.escape
WAITS = {'sched_switch'}
COPIES = {'skb_copy_datagram_iovec', 'mm_filemap_get_pages'}


def slurp(path):
    with open(path, encoding='utf-8', errors='replace') as f:
        return f.read()


# ---- two languages ----

def w(text, **parts):
    """A phrase of the pages in the language that is written now."""
    if BOOK['lang'] != 'en':
        if text not in BOOK['words']:
            sys.exit(f'book: book/{BOOK["lang"]}/words.txt has no: {text}')
        text = BOOK['words'][text]
    return text.format(**parts) if parts else text


def read_words(path):
    """English, then the translation, a line each; an empty line between."""
    pairs = [b.split('\n') for b in slurp(path).strip().split('\n\n')]
    return {b[0]: b[1] for b in pairs if not b[0].startswith('#')}


def text_of(name):
    """A file of book/, or of docs/, in the language that is written now."""
    if BOOK['lang'] != 'en':
        return slurp(f'book/{BOOK["lang"]}/{os.path.basename(name)}')
    return slurp(name)


def read_summaries():
    """book/zh/programs.md: name -> its sentence, its paragraphs."""
    if BOOK['lang'] == 'en':
        return {}
    parts = re.split(r'^## (\w+)\n', text_of('programs.md'), flags=re.M)[1:]
    return {name: body.strip().split('\n\n', 1)
            for name, body in zip(parts[::2], parts[1::2])}


# ---- what there is ----

def scenario_of(path):
    """two, of traces/epoll.two.x86_64.strace."""
    return os.path.basename(path).split('.')[1]


class Program:
    """A row of lab/programs.c and the header of its source."""

    def __init__(self, name, folder, group):
        self.name, self.folder, self.group = name, folder, group
        self.path = f'{folder}/{name}.c'
        self.source = slurp(self.path).split('\n')
        self.shown = self.path          # or the .c that it includes
        for other in re.findall(r'#include "(\w+\.c)"', slurp(self.path)):
            self.shown = f'{folder}/{other}'
        self.read_header()

    def read_header(self):
        head = slurp(self.path).split('*/')[1]
        lines = [l[3:] for l in head.split('\n')[3:]]
        self.about = re.sub(r'^\w+\.c - ', '', head.split('\n')[2][3:])
        self.fields, self.text, field = {}, [], None
        for line in lines:
            m = re.match(r'(Calls|Needs|Limits|Compare|Trace) +(.*)', line)
            if m:
                field = m.group(1)
                self.fields[field] = [m.group(2)]
            elif field:
                self.fields[field].append(line[10:])
            else:
                self.text.append(line)

    def captures(self):
        paths = glob.glob(f'{BOOK["traces"]}/{self.name}.*.strace')
        order = {'two': 0, 'buffered': 1, 'direct': 2, 'one': 3}
        return sorted(paths, key=lambda p: order.get(scenario_of(p), 9))


def read_programs():
    text = slurp('lab/programs.c')
    words = dict(re.findall(r'#define (\w+)\s+"([^"]*)"', text))
    rows = re.findall(r'\{ "(\w+)",\s*"(models|uring|posix_aio)",\s*(\w+),',
                      text)
    return [Program(n, d, words[g]) for n, d, g in rows
            if os.path.exists(f'{d}/{n}.c')]


def strings_of(text):
    return ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)) \
        .replace('\\\\', '\\').replace('\\"', '"')


def split_arguments(text):
    """At commas of depth 0, outside of strings."""
    parts, depth, part = [], 0, ''
    for token in re.findall(r'"(?:[^"\\]|\\.)*"|.', text, re.S):
        if token in '([{' and token:
            depth += 1
        elif token in ')]}':
            depth -= 1
        if token == ',' and depth == 0:
            parts.append(part)
            part = ''
        else:
            part += token
    return parts + [part]


def read_claims():
    """id, sentence, source, program of each entry of claim_list.c."""
    body = slurp('claims/claim_list.c').split('claims[] = {', 1)[1]
    body = re.sub(r'/\*.*?\*/', '', body, flags=re.S)
    claims = []
    for entry in split_arguments(body):
        entry = entry.strip()
        m = re.match(r'([A-Z]+)\((.*)\)$', entry, re.S)
        named = dict(re.findall(r'\.(\w+) = ((?:"(?:[^"\\]|\\.)*"\s*)+)',
                                entry))
        c = {k: strings_of(v) for k, v in named.items()}
        if m:
            a = split_arguments(m.group(2))
            c['id'] = strings_of(a[0])
            if m.group(1) == 'WAITS':
                c['program'] = strings_of(a[1])
                c['sentence'], c['source'] = map(strings_of, a[4:6])
            else:
                c['sentence'], c['source'] = map(strings_of, a[2:4])
        if '.expected = REFUTED' in entry:
            c['sentence'] += ' (refuted)'
        if c.get('id') and c.get('sentence'):
            claims.append(c)
    return claims


def read_table():
    """docs/who-waits.md: name -> the rows of it, as cells."""
    rows = {}
    for line in slurp('docs/who-waits.md').split('\n'):
        m = re.match(r'\| \[(\w+)\]\([^)]*\) \| (.*) \|$', line)
        if m:
            cells = [re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', c.strip())
                     for c in m.group(2).split('|')]
            rows.setdefault(m.group(1), []).append(cells)
    return rows


class Call:
    """A line of a .strace, its place in the source, the kernel's side."""

    def __init__(self, text, places):
        self.text, self.places, self.kernel = text, places, []
        self.thread = text.split(' ', 1)[0]
        m = re.match(r'\d+ +(?:<\.\.\. )?([a-z_0-9]+)', text)
        self.name = m.group(1) if m else ''
        self.resumed = '<...' in text


def nearest(path, text, line):
    """The line of the source that has this text, nearest to line; or 0."""
    if not os.path.exists(path):
        return 0
    lines = slurp(path).replace('\t', ' ').split('\n')
    found = [i + 1 for i, l in enumerate(lines) if l.strip() == text]
    return min(found, key=lambda i: abs(i - line), default=0)


def read_places(line):
    places = []
    for part in line.split('\t'):
        m = re.match(r'(\S+):(\d+) (\w+): (.*)$', part)
        if m:
            where = nearest(m.group(1), m.group(4), int(m.group(2)))
            if where:
                places.append((m.group(1), where, m.group(3)))
    return places


def read_capture(path):
    head, calls = [], []
    beside = path[:-6] + 'lines'
    lines = slurp(beside).split('\n') if os.path.exists(beside) else []
    for i, text in enumerate(slurp(path).rstrip('\n').split('\n')):
        if text.startswith('#'):
            head.append(text[2:])
        else:
            place = lines[i] if i < len(lines) else '-'
            calls.append(Call(text, read_places(place)))
    return head, calls


def read_kernel(path):
    path = path[:-6] + 'kernel'
    if not os.path.exists(path):
        return []
    return [(l[:10].strip(), l[10:]) for l in slurp(path).split('\n')
            if l and not l.startswith('#')]


def kernel_calls(events):
    """(thread, name, first event, one past the last) of each call."""
    calls, begun = [], {}
    for i, (who, what) in enumerate(events):
        m = re.match(r'sys_(enter|exit) (\w+)', what)
        if not m:
            continue
        if m.group(1) == 'enter':
            begun[who] = i
            calls.append([who, m.group(2), i, len(events)])
        elif who in begun:
            for c in reversed(calls):
                if c[0] == who and c[2] == begun[who]:
                    c[3] = i + 1
                    break
    return calls


def join_kernel(calls, events):
    """Another run made the kernel's side: align both by the calls' names."""
    seen = kernel_calls(events)
    mine = [c for c in calls if c.name and not c.resumed]
    same = difflib.SequenceMatcher(None, [c.name for c in mine],
                                   [k[1] for k in seen], autojunk=False)
    for a, b, n in same.get_matching_blocks():
        for i in range(n):
            who, _, first, end = seen[b + i]
            mine[a + i].kernel = events[first:end]


# ---- parts of a page ----

def slug(name):
    return name.replace('/', '-').replace('.', '-')


def page_of(path):
    """The page that shows a file of the source, if there is one."""
    name = os.path.basename(path)
    if name.endswith('.c') and name[:-2] in BOOK['names']:
        return name[:-2] + '.html'
    return 'source-' + slug(path) + '.html' if path in BOOK['sources'] else ''


def markup(text):
    """`code`, [words](target) and **strong**, of escaped text."""
    text = ESC(text, quote=False)

    def link(m):
        words, to = m.group(1), m.group(2)
        to = re.sub(r'^(\.\./)+', '', to)
        kind, _, rest = to.partition(':')
        if kind == 'program' and rest not in BOOK['names']:
            return words                # it is not among these captures
        if kind == 'program':
            return f'<a href="{rest}.html">{words}</a>'
        if kind == 'claim':
            if rest not in BOOK['claims']:
                sys.exit(f'book: no claim is called {rest}')
            return f'<a href="claims.html#{rest}">{words}</a>'
        if re.match(r'https?:|[\w-]+\.html|#', to):
            return f'<a href="{to}">{words}</a>'
        to = page_of(to)
        return f'<a href="{to}">{words}</a>' if to else words

    text = re.sub(r'\[([^]]*)\]\(([^)]*)\)', link, text)
    text = re.sub(r'\*\*([^*]+)\*\*', r'<strong>\1</strong>', text)
    return re.sub(r'`([^`]+)`', r'<code>\1</code>', text)


def table(rows):
    head, *body = [[c.strip() for c in re.split(r'(?<!\\)\|', r.strip('|'))]
                   for r in rows if not re.match(r'^\|[-| :]+\|$', r)]
    out = ['<div class="wide" tabindex="0"><table><thead><tr>']
    out += [f'<th scope="col">{markup(c)}</th>' for c in head]
    out.append('</tr></thead><tbody>')
    for r in body:
        out.append('<tr>' + ''.join(f'<td>{markup(c)}</td>' for c in r)
                   + '</tr>')
    return ''.join(out) + '</tbody></table></div>'


def prose(text):
    """The little Markdown that book/*.md and docs/ use."""
    out = []
    for block in re.split(r'\n\s*\n', re.sub(
            r'```\w*\n(.*?)```', lambda m: '\n\n\0' + m.group(1).replace(
                '\n', '\1') + '\n\n', text, flags=re.S)):
        block = block.strip('\n')
        lines = block.split('\n')
        if not block.strip():
            continue
        if block.lstrip().startswith('\0'):
            code = ESC(block.lstrip()[1:].replace('\1', '\n').rstrip())
            out.append(f'<pre tabindex="0">{code}</pre>')
        elif block.startswith('#'):
            n = len(block) - len(block.lstrip('#'))
            words = markup(' '.join(lines).lstrip('# '))
            out.append(f'<h{n}>{words}</h{n}>')
        elif block.startswith('|'):
            out.append(table(lines))
        elif re.match(r'[-*] ', block):
            items = re.split(r'\n[-*] ', '\n' + block)[1:]
            out.append('<ul>' + ''.join(f'<li>{markup(" ".join(i.split()))}'
                                        '</li>' for i in items) + '</ul>')
        elif not block.startswith('!['):
            out.append(f'<p>{markup(" ".join(l.strip() for l in lines))}</p>')
    return '\n'.join(out)


def page(name, title, body, where=''):
    up = '' if BOOK['lang'] == 'en' else '../'
    text = f'''<!DOCTYPE html>
<html lang="{BOOK["lang"]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{ESC(title)} - iomodels</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{up}book.css">
<script src="{up}pages.js" defer></script>
</head>
<body>
<a class="skip" href="#main">{w("To the text")}</a>
<nav aria-label="{w("Book")}">{navigation(name)}</nav>
<main id="main">
{where}<h1>{ESC(title)}</h1>
{body}
</main>
</body>
</html>
'''
    made = f'{BOOK["out"]}/{name}.html'
    with open(made, 'w', encoding='utf-8') as f:
        MADE.append(made)
        f.write(text)


def navigation(name):
    links = [('index', w('Who waits, who copies'))] + BOOK['chapters'] + [
        ('questions', w('Questions')), ('reading', w('Read a capture')),
        ('claims', w('Claims'))]
    other = (f'<a href="zh/{name}.html" lang="zh" hreflang="zh">中文</a>'
             if BOOK['lang'] == 'en' else
             f'<a href="../{name}.html" lang="en" hreflang="en">English</a>')
    return other + ' ' + ' '.join(f'<a href="{to}.html"'
                    f'{" aria-current=page" if to == name else ""}>'
                    f'{ESC(words)}</a>' for to, words in links)


# ---- the picture ----

def lanes_of(events):
    lanes = []
    for who, _ in events:
        if who not in lanes and not who.startswith('('):
            lanes.append(who)
    return sorted(lanes, key=lambda w: (not w.isdigit(), w != 'client',
                                        len(w), w))


def blocks_of(events):
    """(lane, from, to, class, words): calls, waits in them, copies."""
    out, open_wait = [], {}
    for who, name, first, end in kernel_calls(events):
        out.append((who, first, end, 'call', name))
    for i, (who, what) in enumerate(events):
        word = what.split(' ')[0]
        if word == 'sched_switch':
            open_wait[who] = i
        elif word == 'sched_waking' and what.split(' ')[1:]:
            woken = what.split(' ')[1]
            if woken in open_wait:
                out.append((woken, open_wait.pop(woken), i, 'wait', 'waits'))
        elif who in open_wait:
            out.append((who, open_wait.pop(who), i, 'wait', 'waits'))
        if word in COPIES:
            out.append((who, i, i + 1, 'copy', 'copies'))
        elif who == 'device' and word == 'block_rq_complete':
            out.append((who, i, i + 1, 'dma', 'the device writes'))
        elif not what.startswith(('sys_', 'sched_')):
            out.append((who, i, i + 1, 'mark', what))
    for who, i in open_wait.items():
        out.append((who, i, len(events), 'wait', 'waits'))
    return out


def picture(program, events):
    if not events:
        return f'<p>{w("This capture has no kernel side.")}</p>'
    step, left, high = 14, 70, 34
    lanes = lanes_of(events)
    width, height = left + step * len(events) + 10, high * len(lanes) + 8
    out = [f'<div class="wide" tabindex="0"><svg class="timeline" '
           f'width="{width}" height="{height}" '
           f'viewBox="0 0 {width} {height}" role="img" '
           f'aria-label="{ESC(program.name)}: '
           f'{w("who waits and who copies, event by event")}">']
    for i, lane in enumerate(lanes):
        y = 4 + i * high
        words = w('thread') + ' ' + lane if lane.isdigit() else lane
        out.append(f'<text x="2" y="{y + 18}">{ESC(words)}</text>'
                   f'<line x1="{left}" x2="{width}" y1="{y + 14}" '
                   f'y2="{y + 14}" class="lane"/>')
    rank = {'call': 0, 'wait': 1, 'mark': 2, 'copy': 3, 'dma': 3}
    for who, first, end, kind, words in sorted(blocks_of(events),
                                               key=lambda b: rank[b[3]]):
        if who not in lanes:
            continue
        y = 4 + lanes.index(who) * high
        x, wide = left + first * step, max((end - first) * step - 2, 4)
        if kind == 'call':
            box = (x, y + 2, wide, 24)
        elif kind == 'mark':
            box = (x + 4, y + 10, 5, 8)
        else:
            box = (x, y + 6, wide, 16)
        out.append('<rect class="%s" x="%d" y="%d" width="%d" height="%d">'
                   '<title>%s: %s</title></rect>' % (
                       kind, *box, ESC(who), ESC(
                           words if kind in ('call', 'mark') else w(words))))
    out.append('</svg></div>')
    return ''.join(out) + legend()


def legend():
    keys = [('call', 'in a system call'), ('wait', 'waits'),
            ('copy', 'copies'), ('dma', 'the device writes'),
            ('mark', 'another event')]
    return '<p class="legend">' + ' '.join(
        f'<span class="key {kind}"></span> {w(words)}'
        for kind, words in keys) + '. ' + w(
            'From left to right the picture shows the order of events in the '
            'kernel side of the capture, not time.') + '</p>'


# ---- a program's page ----

def source_list(path, marked):
    out = [f'<ol class="source" aria-label="{ESC(path)}">']
    for i, line in enumerate(slurp(path).rstrip('\n').split('\n'), 1):
        note = f' data-calls="{marked[i]}" tabindex="0"' if i in marked else ''
        text = ESC(line.expandtabs(8)) or ' '
        out.append(f'<li id="L{i}"{note}><code>{text}</code></li>')
    return '\n'.join(out) + '</ol>'


def where_text(call, own):
    """Where the call was made, when that is not a line of the program."""
    if not call.places or call.places[0][0] == own:
        return ''
    file, line, function = call.places[0]
    to = page_of(file)
    words = f'{file}:{line} {function}()'
    return (f' <a class="place" href="{to}#L{line}">{ESC(words)}</a>' if to
            else f' <span class="place">{ESC(words)}</span>')


def trace_list(calls, own, scenario):
    out = [f'<ol class="trace" aria-label="strace, {scenario}">']
    for call in calls:
        line = next((p[1] for p in call.places if p[0] == own), 0)
        text = ESC(call.text)
        if line:
            text = f'<a href="#L{line}" data-line="{line}">{text}</a>'
        fold = ''
        if call.kernel:
            inner = '\n'.join(ESC(f'{w:9} {t}') for w, t in call.kernel)
            words = w('in the kernel: {n} events', n=len(call.kernel))
            fold = (f'<details><summary>{words}</summary>'
                    f'<pre tabindex="0">{inner}</pre></details>')
        out.append(f'<li>{text}{where_text(call, own)}{fold}</li>')
    return '\n'.join(out) + '</ol>'


def neighbour_of(program):
    for name in re.findall(r'(\w+)\.c', ' '.join(
            program.fields.get('Compare', []))):
        if name in BOOK['names'] and name != program.name:
            return BOOK['names'][name]
    return None


def diff_html(a, b, from_name, to_name, n=2):
    out = []
    for line in difflib.unified_diff(a, b, from_name, to_name, n=n,
                                     lineterm=''):
        kind = {'+': 'ins', '-': 'del'}.get(line[:1])
        text = ESC(line.expandtabs(8))
        out.append(f'<{kind}>{text}</{kind}>' if kind else text)
    return ('<pre class="diff" tabindex="0">' + '\n'.join(out) + '</pre>'
            if out else f'<p>{w("There is no difference.")}</p>')


def call_names(program):
    paths = program.captures()
    if not paths:
        return []
    _, calls = read_capture(paths[0])
    return [f'{c.thread}  {c.name}' for c in calls
            if c.name and not c.resumed]


def diff_section(program):
    other = neighbour_of(program)
    if not other:
        return ''
    link = f'<a href="{other.name}.html">{other.name}</a>'
    return f'''<h2 id="diff">{w("Unlike {name}", name=ESC(other.name))}</h2>
<p{english()}>{markup(" ".join(program.fields["Compare"]))}</p>
<details><summary>{w("The source, beside {name}", name=other.path)}</summary>
{diff_html(other.source, program.source, other.path, program.path)}</details>
<details><summary>{w("The calls, beside those of {name}", name=link)}</summary>
{diff_html(call_names(other), call_names(program), other.name, program.name)}
</details>'''


def english():
    """What the headers of the sources say is English on every page."""
    return '' if BOOK['lang'] == 'en' else ' lang="en"'


def field(program, name):
    lines = program.fields.get(name)
    if not lines:
        return ''
    text = '\n'.join(lines)
    items = re.split(r'(?:^|\n)\s*[a-z]\) ', text)
    if len(items) > 2:
        return f'<ul{english()}>' + ''.join(
            f'<li>{markup(" ".join(i.split()))}</li>'
            for i in items[1:]) + '</ul>'
    return f'<p{english()}>{markup(" ".join(text.split()))}</p>'


def description(program):
    """The header's paragraphs; what is indented is a sketch of the calls."""
    out = []
    if BOOK['lang'] != 'en':
        if program.name not in BOOK['summaries']:
            sys.exit(f'book: no words for {program.name} in book/zh/programs.md')
        out.append(prose(BOOK['summaries'][program.name][1]))
    for block in re.split(r'\n\s*\n', '\n'.join(program.text).strip('\n')):
        if BOOK['lang'] != 'en' and not re.match(r' ', block):
            continue
        if re.match(r' ', block):
            out.append(f'<pre tabindex="0">{ESC(block)}</pre>')
        elif block.strip():
            out.append(f'<p>{markup(" ".join(block.split()))}</p>')
    return '\n'.join(out)


def claim_item(c):
    return (f'<li><a href="claims.html#{c["id"]}">{ESC(c["id"])}</a>: '
            f'{ESC(c["sentence"])} <span class="place">{ESC(c["source"])}'
            '</span></li>')


def try_section(program):
    file_job = program.group == 'file jobs'
    if file_job:
        lines = [f'build/{program.folder}/{program.name} FILE',
                 f'build/{program.folder}/{program.name} --direct FILE']
    else:
        lines = [f'build/iomodels serve {program.name}',
                 'build/iomodels send --message hello   # '
                 + w('another terminal')]
    scenario = scenario_of(program.captures()[0])
    lines += [f'build/iomodels capture --text {program.name}'
              + ('' if file_job else f' {scenario}'),
              f'build/iomodels trace -- build/{program.folder}/'
              f'{program.name}' + (' FILE' if file_job else ' --port 7007')]
    return '<pre tabindex="0">' + ESC('\n'.join(lines)) + '</pre><p>' + w(
        'Change a line of the source, run <code>make</code> and capture '
        'again: <code>explain --diff</code> of two logs shows what has '
        'changed.') + '</p>'


def who_text(program):
    """The row of docs/who-waits.md, as a sentence."""
    out = []
    for cells in BOOK['table'].get(program.name, []):
        *first, waits, copies = map(ESC, cells)
        begin = (w('{calls} system calls per echo, {threads} thread(s).',
                   calls=first[0], threads=first[1])
                 if len(first) == 2 else first[0] + ':')
        out.append(f'<p>{begin} '
                   f'<span class="wait-word">{w("Waits")}</span>: {waits}. '
                   f'<span class="copy-word">{w("Copies")}</span>: '
                   f'{copies}.</p>')
    return '\n'.join(out)


def program_page(program):
    paths = program.captures()
    captures = [(p, *read_capture(p), read_kernel(p)) for p in paths]
    marked, traces, seen = {}, [], set()
    for n, (path, head, calls, events) in enumerate(captures):
        join_kernel(calls, events)
        scenario = scenario_of(path)
        for c in calls:
            for file, line, _ in c.places:
                if file == program.shown:
                    marked[line] = marked.get(line, 0) + 1
                else:
                    seen.add(file)
        traces.append(
            f'<details class="capture"{" open" if n == 0 else ""}><summary>'
            f'{ESC(head[1])}</summary><p class="place">{ESC(head[2])}<br>'
            f'{ESC(head[3])}</p>'
            + trace_list(calls, program.shown, scenario) + '</details>')
    claims = [c for c in BOOK['claims'].values()
              if c.get('program') == program.name]
    others = ', '.join(f'<a href="{page_of(f)}">{f}</a>'
                       for f in sorted(seen) if page_of(f))
    about = (program.about if BOOK['lang'] == 'en' else
             BOOK['summaries'].get(program.name, [''])[0])
    shared = w('The code that the program shares with others is in '
               '{files}.', files=others) if others else ''
    body = f'''<p class="lead">{ESC(about)}</p>
{description(program)}
{who_text(program)}
<h2 id="picture">{w("Who waits, who copies")}</h2>
{picture(program, captures[0][3])}
<h2 id="trace">{w("Source and trace")}</h2>
<p>{w("A line of the trace marks the line of source that made the call, and "
      "the other way round: point at a line, or move to it with Tab.")}
{shared}</p>
<div class="beside"><section aria-label="{w("source")}">
<h3><code>{program.shown}</code></h3>
{source_list(program.shown, marked)}</section>
<section aria-label="{w("traces")}"><h3>{w("strace, and the kernel under each call")}</h3>
{"".join(traces)}</section></div>
<h2 id="calls">{w("Calls per message")}</h2>{field(program, "Calls")}
{diff_section(program)}
<h2 id="kernels">{w("Kernels")}</h2>{field(program, "Needs")}
<h2 id="limits">{w("What breaks it")}</h2>{field(program, "Limits")}
'''
    if claims:
        words = w('Each is decided by a capture made on your machine: '
                  '<code>build/iomodels claims</code>.')
        body += (f'<h2 id="claims">{w("Claims")}</h2><p>{words}</p><ul>'
                 + ''.join(map(claim_item, claims)) + '</ul>')
    body += f'<h2 id="try">{w("Try")}</h2>' + try_section(program)
    where = f'<p class="place">{ESC(w(program.group))}</p>'
    page(program.name, program.name, body, where)


# ---- the pages around them ----

def small_picture(waits, copies):
    """Two bars: who waits and who copies; main, another thread, the kernel."""
    def lane(text):
        if 'device' in text:
            return 3
        if 'iou-' in text.split(',')[0]:
            return 2
        return 1 if text.startswith('thread') else 0
    a, b = lane(waits), lane(copies)
    return (f'<svg width="64" height="26" viewBox="0 0 64 26" role="img" '
            f'aria-label="{w("waits")}: {ESC(waits)}; {w("copies")}: '
            f'{ESC(copies)}">'
            f'<rect class="wait" x="0" y="{a * 6 + 1}" width="40" '
            f'height="5"/><rect class="copy" x="42" y="{b * 6 + 1}" '
            f'width="20" height="5"/></svg>')


def index_table(programs, files):
    group, out = None, []
    heads = ['program', 'how' if files else 'calls',
             'who waits, in which call', 'who copies, in which call',
             'picture']
    out.append('<div class="wide" tabindex="0"><table><thead><tr>'
               + ''.join(f'<th scope="col">{w(h)}</th>' for h in heads)
               + '</tr></thead><tbody>')
    for p in programs:
        if group != p.group and not files:
            group = p.group
            out.append('<tr><th scope="rowgroup" colspan="5">'
                       f'{ESC(w(group))}</th></tr>')
        for cells in BOOK['table'].get(p.name, []):
            waits, copies = cells[-2:]
            out.append(f'<tr><td><a href="{p.name}.html">{p.name}</a></td>'
                       f'<td>{ESC(cells[0])}</td><td>{ESC(waits)}</td>'
                       f'<td>{ESC(copies)}</td>'
                       f'<td>{small_picture(waits, copies)}</td></tr>')
    return ''.join(out) + '</tbody></table></div>'


def index_page(programs):
    servers = [p for p in programs if p.group != 'file jobs']
    files = [p for p in programs if p.group == 'file jobs']
    keys = (f'<span class="key wait"></span> {w("waits")} '
            f'<span class="key copy"></span> {w("copies")}; ')
    page('index', w('Who waits, who copies'), prose(text_of('book/index.md'))
         + index_table(servers, 0) + '<p class="legend">' + keys
         + w('from top to bottom: main, another thread, a thread of the '
             'kernel, the device.') + f'</p><h2>{w("Files")}</h2>'
         + index_table(files, 1))


def claims_page():
    out = ['<p>' + w('A claim is a sentence about behaviour. '
                     '<code>build/iomodels claims NAME</code> decides it by a '
                     'capture made on your machine and shows the lines that '
                     'decided.') + f'</p><dl{english()}>']
    for c in BOOK['claims'].values():
        p = c.get('program', '')
        link = (f' <a href="{p}.html">{p}</a>' if p in BOOK['names'] else '')
        domain = f' It is tried on: {ESC(c["domain"])}.' if c.get(
            'domain') else ''
        out.append(f'<dt id="{c["id"]}"><code>{c["id"]}</code></dt><dd>'
                   f'{ESC(c["sentence"])}. <span class="place">'
                   f'{ESC(c["source"])}</span>{domain}{link}</dd>')
    page('claims', w('Claims'), '\n'.join(out) + '</dl>')


def source_pages():
    for path in BOOK['sources']:
        page('source-' + slug(path), path, source_list(path, {}))


def questions_text():
    """docs/faq.md; a translation has the answers, not the lists below them."""
    def sections(text):
        return re.split(r'^### ', text.split('\n', 1)[1], flags=re.M)

    def links(m):
        return '- ' + w('claims') + ': ' + ', '.join(
            f'[{c}](claim:{c})' for c in m.group(1).split(', '))

    english, out = sections(slurp('docs/faq.md')), []
    for mine, theirs in zip(sections(text_of('docs/faq.md')), english):
        if BOOK['lang'] != 'en' and '\n- ' in theirs:
            mine = mine.rstrip() + '\n\n' + theirs[theirs.index('\n- ') + 1:]
        mine = re.sub(r'^- claims: (.*)$', links, mine, flags=re.M)
        out.append(re.sub(r'^- programs: ', f'- {w("programs")}: ', mine,
                          flags=re.M))
    return '\n## '.join(out)


def chapter_list():
    out = []
    for path in sorted(glob.glob('book/[0-9]*.md')):
        name = os.path.basename(path)[:-3].split('-', 1)[1]
        out.append((name, text_of(path).split('\n', 1)[0].lstrip('# '), path))
    return out


def chapter_pages(chapters):
    for n, (name, title, path) in enumerate(chapters):
        text = text_of(path).split('\n', 1)[1]
        following = (f'<p><a href="{chapters[n + 1][0]}.html">'
                     f'{w("Next:")} {ESC(chapters[n + 1][1])}</a></p>'
                     if n + 1 < len(chapters) else
                     '<p><a href="questions.html">'
                     f'{w("Questions and answers")}</a></p>')
        page(name, title, prose(text) + following)


BOOK = {}
MADE = []                       # the pages that have been begun


def write_pages(lang, out, programs):
    """All the pages in one language."""
    BOOK.update(lang=lang, out=out,
                words=read_words(f'book/{lang}/words.txt') if lang != 'en'
                else {})
    BOOK.update(summaries=read_summaries())
    os.makedirs(out, exist_ok=True)
    for old in glob.glob(out + '/*.html'):
        os.unlink(old)
    chapters = chapter_list()
    BOOK.update(chapters=[(n, t) for n, t, _ in chapters])
    index_page(programs)
    chapter_pages(chapters)
    page('questions', w('Questions and answers'), prose(questions_text()))
    page('reading', w('How to read a capture'), prose(
        text_of('docs/reading-a-capture.md').split('\n', 1)[1]))
    claims_page()
    source_pages()
    for p in programs:
        program_page(p)


def main(out, traces='traces'):
    BOOK.update(traces=traces)
    programs = [p for p in read_programs() if p.captures()]
    BOOK.update(
        names={p.name: p for p in programs}, table=read_table(),
        claims={c['id']: c for c in read_claims()},
        sources=sorted(glob.glob('models/*.h') + glob.glob('uring/*.h')
                       + glob.glob('posix_aio/*.h')
                       + glob.glob('posix_aio/lib/*.c')))
    write_pages('en', out, programs)
    write_pages('zh', out + '/zh', programs)
    for name in ('book.css', 'pages.js'):
        with open(f'{out}/{name}', 'w', encoding='utf-8') as f:
            f.write(slurp('book/' + name))
    print(f'{out}/index.html: {len(programs)} programs, '
          f'{len(BOOK["claims"])} claims, in two languages')


if __name__ == '__main__':
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith('-'):
        sys.exit(__doc__.split('\n\n')[1])
    try:
        main(*sys.argv[1:])
    except OSError as e:        # a part of a book is not left
        for made in MADE:
            with contextlib.suppress(OSError):
                os.unlink(made)
        sys.exit(f'book: {e.filename or sys.argv[1]}: {e.strerror}')
