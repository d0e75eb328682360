"""requests with a session object, so that the connection is kept."""

import requests
from load import Tags, load, measure_loop

LOAD = load()
TAGS = Tags(LOAD)


def loop(count):
    session = requests.Session()
    session.trust_env = False  # no look at the environment's proxies for each request
    for url in LOAD.urls():
        response = session.get(url, headers=TAGS.headers(url), timeout=30)
        TAGS.keep(url, response.headers.get("ETag"))
        if response.status_code == 200:
            response.json()
        count()


measure_loop(LOAD, loop)
