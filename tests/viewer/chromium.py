"""A headless Chromium that a test drives over a pipe, in the DevTools
protocol: messages of JSON that end with a zero byte, to descriptor 3 and from
descriptor 4.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

BINARY = shutil.which('chromium') or shutil.which('chromium-browser')
FLAGS = (
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--hide-scrollbars',
    '--disable-dev-shm-usage',
    '--remote-debugging-pipe',
    'about:blank',
)
SECONDS = 60  # that any answer may take on a busy machine
KEYS = {
    ' ': ('Space', 32),
    'ArrowLeft': ('ArrowLeft', 37),
    'ArrowRight': ('ArrowRight', 39),
    'Home': ('Home', 36),
    'End': ('End', 35),
}


class Chromium:
    """One page of a browser of its own, and what went wrong in it."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix='chromium-')
        (theirs_in, self.out), (self.into, theirs_out) = os.pipe(), os.pipe()
        words = [BINARY, *FLAGS]
        words.insert(1, f'--user-data-dir={self.profile}')
        self.process = subprocess.Popen(
            ['bash', '-c', f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', '-']
            + words,
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.buffer = b''
        self.number = 0
        self.session = None
        self.events = []
        pages = self.send('Target.getTargets')['targetInfos']
        target = next(p['targetId'] for p in pages if p['type'] == 'page')
        self.session = self.send(
            'Target.attachToTarget', targetId=target, flatten=True
        )['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.send(f'{domain}.enable')

    def close(self):
        self.session = None
        try:
            self.send('Browser.close')
            self.process.wait(SECONDS)
        finally:
            self.process.kill()
            self.process.wait()
        os.close(self.out)
        os.close(self.into)
        shutil.rmtree(self.profile, ignore_errors=True)

    def send(self, method, **params):
        """Sends a command and waits for its result."""
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': params}
        if self.session:
            message['sessionId'] = self.session
        os.write(self.out, json.dumps(message).encode() + b'\0')
        while True:
            answer = self._receive()
            if answer.get('id') == self.number:
                assert 'error' not in answer, (method, answer)
                return answer['result']
            self.events.append(answer)

    def _receive(self):
        end = time.monotonic() + SECONDS
        while b'\0' not in self.buffer:
            ready = select.select([self.into], [], [], end - time.monotonic())
            chunk = os.read(self.into, 2**20) if ready[0] else b''
            if not chunk:
                raise RuntimeError('chromium gave no answer')
            self.buffer += chunk
        message, self.buffer = self.buffer.split(b'\0', 1)
        return json.loads(message)

    def open(self, path, width=1280, height=800, mobile=False, dark=False):
        """Loads a file and waits until it has drawn."""
        self.events.clear()
        self.send(
            'Emulation.setDeviceMetricsOverride',
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )
        self.send('Emulation.setTouchEmulationEnabled', enabled=mobile)
        scheme = 'dark' if dark else 'light'
        self.send(
            'Emulation.setEmulatedMedia',
            features=[{'name': 'prefers-color-scheme', 'value': scheme}],
        )
        self.send('Page.navigate', url=Path(path).resolve().as_uri())
        self.wait(
            f'location.href.endsWith("{Path(path).name}") && '
            'document.readyState === "complete" && '
            'document.getElementById("status")?.textContent'
        )

    def run(self, script):
        """The value of an expression in the page."""
        result = self.send(
            'Runtime.evaluate',
            expression=script,
            returnByValue=True,
            awaitPromise=True,
        )
        assert 'exceptionDetails' not in result, result
        return result['result'].get('value')

    def wait(self, script):
        """Waits until an expression is true."""
        end = time.monotonic() + SECONDS
        while not (value := self.run(script)):
            assert time.monotonic() < end, f'{script} stayed {value!r}'
            time.sleep(0.02)

    def drawn(self):
        """Waits until what was asked for is on the screen."""
        self.run(
            'new Promise((done) => requestAnimationFrame(() => '
            'requestAnimationFrame(() => done(true))))'
        )

    def press(self, key, shift=False):
        """A key, pressed and let go."""
        code, number = KEYS.get(key, ('', ord(key.upper()[0])))
        for kind in ('keyDown', 'keyUp'):
            self.send(
                'Input.dispatchKeyEvent',
                type=kind,
                key=key,
                code=code,
                windowsVirtualKeyCode=number,
                modifiers=8 if shift else 0,
                **({'text': key} if kind == 'keyDown' and key == ' ' else {}),
            )
        self.drawn()

    def mouse(self, kind, x, y, **params):
        """mousePressed, mouseMoved, mouseReleased or mouseWheel."""
        button = {'button': 'left', 'buttons': 1, 'clickCount': 1}
        params = params or button
        self.send('Input.dispatchMouseEvent', type=kind, x=x, y=y, **params)

    def touch(self, kind, *points):
        """touchStart, touchMove or touchEnd."""
        self.send(
            'Input.dispatchTouchEvent',
            type=kind,
            touchPoints=[
                {'x': x, 'y': y, 'id': i} for i, (x, y) in enumerate(points)
            ],
        )

    def middle(self, selector):
        """Where the middle of an element is."""
        return self.run(
            f'(() => {{ const b = document.querySelector({selector!r})'
            '.getBoundingClientRect(); return [b.x + b.width / 2, '
            'b.y + b.height / 2]; })()'
        )

    def click(self, selector):
        """Clicks on the middle of an element."""
        x, y = self.middle(selector)
        self.mouse('mousePressed', x, y)
        self.mouse('mouseReleased', x, y)
        self.drawn()

    def screenshot(self):
        """The page as PNG."""
        return base64.b64decode(self.send('Page.captureScreenshot')['data'])

    def complaints(self):
        """Errors, blocked resources, and requests for anything but the
        file.
        """
        out = []
        for event in self.events:
            params = event.get('params', {})
            if event.get('method') == 'Runtime.exceptionThrown':
                out.append(params['exceptionDetails'])
            elif event.get('method') == 'Log.entryAdded':
                # Tests read pixels over and over; the page does not.
                if 'getImageData' not in params['entry']['text']:
                    out.append(params['entry'])
            elif event.get('method') == 'Runtime.consoleAPICalled':
                out.append(params)
            elif event.get('method') == 'Network.requestWillBeSent':
                url = params['request']['url']
                if not url.startswith(('file:', 'blob:')):
                    out.append(url)
        return out
