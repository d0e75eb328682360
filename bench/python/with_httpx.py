"""httpx on asyncio, as many polls at once as there are connections."""

import asyncio

import httpx
from load import Tags, load, measure_loop

LOAD = load()
TAGS = Tags(LOAD)


async def connection(client, number, count):
    for url in LOAD.urls(number):
        response = await client.get(url, headers=TAGS.headers(url))
        TAGS.keep(url, response.headers.get("ETag"))
        if response.status_code == 200:
            response.json()
        count()


async def every(count):
    limits = httpx.Limits(max_connections=LOAD.connections)
    async with httpx.AsyncClient(limits=limits, timeout=30, trust_env=False) as client:
        await asyncio.gather(*(connection(client, n, count) for n in range(LOAD.connections)))


measure_loop(LOAD, lambda count: asyncio.run(every(count)))
