"""Reads one session with a client of the named package, and ends."""

import sys

from load import FLOW, HEADERS, session_id

package, base = sys.argv[1:]
url = f"{base}/live_flows/{FLOW}/sessions/{session_id(0)}/"
if package == "truestate_liveflow":
    from truestate_liveflow import Client

    with Client(api_key="key", base_url=base) as client:
        client.get_session(FLOW, session_id(0))
elif package == "httpx":
    import httpx

    with httpx.Client() as client:
        client.get(url, headers=HEADERS).json()
else:
    import requests

    requests.get(url, headers=HEADERS, timeout=30).json()
