"""Headless Chromium over its own protocol: what a page asks for, complains of and looks like."""

import asyncio
import base64
import json
import subprocess
from contextlib import asynccontextmanager
from itertools import count

import aiohttp

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
    "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--hide-scrollbars",
)  # fmt: skip
TRIES, WAIT_S = 300, 0.1


class Page:
    def __init__(self, socket):
        self.socket, self.ids, self.answers = socket, count(1), {}
        self.asked, self.complaints, self.loaded = [], [], asyncio.Event()

    async def listen(self):
        async for frame in self.socket:
            told = json.loads(frame.data)
            if "id" in told:
                self.answers.pop(told["id"]).set_result(told)
            else:
                self.hear(told["method"], told["params"])

    def hear(self, method, told):
        match method:
            case "Network.requestWillBeSent":
                self.asked.append(told["request"]["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(told["exceptionDetails"])
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "warning"):
                self.complaints.append(told["args"])
            case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
                self.complaints.append(told["entry"])
            case "Page.loadEventFired":
                self.loaded.set()

    async def call(self, method, **params):
        number = next(self.ids)
        answer = self.answers[number] = asyncio.get_running_loop().create_future()
        await self.socket.send_json({"id": number, "method": method, "params": params})
        told = await answer
        assert "error" not in told, (method, told)
        return told["result"]

    async def open(self, path, width, height=900, dark=False, phone=False):
        """Load a file as a screen of that size would show it."""
        for domain in ("Network", "Runtime", "Log", "Page"):
            await self.call(f"{domain}.enable")
        await self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                        deviceScaleFactor=1, mobile=phone)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.loaded.clear()
        await self.call("Page.navigate", url=path.resolve().as_uri())
        await self.loaded.wait()

    async def value(self, script):
        """What a script comes to, once all drawing is done."""
        drawn = "new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))"
        told = await self.call(
            "Runtime.evaluate", expression=f"{drawn}.then(() => ({script}))", awaitPromise=True,
            returnByValue=True,
        )  # fmt: skip
        return told["result"].get("value")

    async def picture(self, path):
        told = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(told["data"]))

    async def paper(self, path):
        told = await self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        path.write_bytes(base64.b64decode(told["data"]))


@asynccontextmanager
async def browser(folder):
    """A fresh Chromium with one empty page; its profile lies in `folder`."""
    process = subprocess.Popen(
        ["chromium", *FLAGS, f"--user-data-dir={folder}", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        port = await port_of(folder / "DevToolsActivePort")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                targets = await answer.json()
            url = next(t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page")
            async with session.ws_connect(url, max_msg_size=0) as socket:
                page = Page(socket)
                listening = asyncio.create_task(page.listen())
                yield page
                listening.cancel()
    finally:
        process.terminate()
        process.wait()


async def port_of(path):
    for _ in range(TRIES):
        if path.is_file() and path.read_text():
            return int(path.read_text().split()[0])
        await asyncio.sleep(WAIT_S)
    raise TimeoutError("chromium did not start")
