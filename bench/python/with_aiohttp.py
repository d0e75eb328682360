"""aiohttp, as many polls at once as there are connections."""

import asyncio

import aiohttp
from load import Tags, load, measure_loop

LOAD = load()
TAGS = Tags(LOAD)


async def connection(session, number, count):
    for url in LOAD.urls(number):
        async with session.get(url, headers=TAGS.headers(url)) as response:
            TAGS.keep(url, response.headers.get("ETag"))
            if response.status == 200:
                await response.json()
        count()


async def every(count):
    connector = aiohttp.TCPConnector(limit=LOAD.connections)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(connection(session, n, count) for n in range(LOAD.connections)))


measure_loop(LOAD, lambda count: asyncio.run(every(count)))
