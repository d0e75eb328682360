"""Have a session run for each company, and wait for the results.

python enqueue.py ACME Initech Globex
"""

from __future__ import annotations

import argparse
import time

from tqdm import tqdm

from tasks import RESULTS, begin, redis


def main() -> None:
    """Enqueue, and show how far the workers are."""
    parser = argparse.ArgumentParser(description="Have a session run for each company.")
    parser.add_argument("companies", nargs="+")
    companies = parser.parse_args().companies
    before = redis.hlen(RESULTS)
    for company in companies:
        begin.send(company)
    with tqdm(total=len(companies), unit="session") as bar:
        while bar.n < len(companies):
            bar.update(redis.hlen(RESULTS) - before - bar.n)
            time.sleep(0.2)


if __name__ == "__main__":
    main()
