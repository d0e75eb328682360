"""requests: a fresh connection for each poll, as the official client does it."""

import requests
from load import Tags, load, measure_loop

LOAD = load()
TAGS = Tags(LOAD)


def loop(count):
    for url in LOAD.urls():
        response = requests.get(url, headers=TAGS.headers(url), timeout=30)
        TAGS.keep(url, response.headers.get("ETag"))
        if response.status_code == 200:
            response.json()
        count()


measure_loop(LOAD, loop)
