"""A whole client of the live protocol: it plays a recording to the server and returns the bars that were reached."""

import asyncio
import json

import soundfile
import websockets


async def play(address: str, score: str, recording: str, *, seconds_a_second: float = 1.0) -> list[int]:
    sound, rate = soundfile.read(recording, dtype="float32", always_2d=True)
    async with websockets.connect(address) as server:

        async def hear_bars() -> list[int]:
            bars: list[int] = []
            async for text in server:
                message = json.loads(text)
                if message["type"] == "position" and message["bar"] not in bars[-1:]:
                    bars.append(message["bar"])
                elif message["type"] == "take":
                    break
            return bars

        async def say(**message: object) -> None:
            await server.send(json.dumps(message))

        bars = asyncio.create_task(hear_bars())
        await say(type="hello", version=1, role="listen", score=score)
        await say(type="audio", sample_rate_hz=rate, channels=sound.shape[1])
        await say(type="start")
        for first in range(0, len(sound), rate // 10):
            await server.send(sound[first : first + rate // 10].tobytes())
            await asyncio.sleep(0.1 / seconds_a_second)
        await say(type="stop")
        return await bars
