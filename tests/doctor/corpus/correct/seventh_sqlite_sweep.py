"""Resumable hyperparameter sweep: trials and curves live in sqlite, finished trials are skipped."""
import hashlib
import io
import itertools
import json
import sqlite3
import tempfile
from pathlib import Path

import torch
from torch import nn

SCHEMA = """
create table if not exists trial(key text primary key, config text, val real, weights blob);
create table if not exists curve(key text, epoch integer, train real, val real, primary key(key, epoch));
"""


class Store:
    def __init__(self, path):
        self.db = sqlite3.connect(path)
        self.db.executescript(SCHEMA)

    def done(self, key):
        return self.db.execute("select val from trial where key=?", (key,)).fetchone()

    def finish(self, key, cfg, val, state, curve):
        buf = io.BytesIO()
        torch.save(state, buf)
        with self.db:
            self.db.execute("insert into trial values(?,?,?,?)", (key, json.dumps(cfg, sort_keys=True), val, buf.getvalue()))
            self.db.executemany("insert or replace into curve values(?,?,?,?)", [(key, *row) for row in curve])

    def best(self):
        cfg, val, blob = self.db.execute("select config, val, weights from trial order by val limit 1").fetchone()
        return json.loads(cfg), val, torch.load(io.BytesIO(blob), weights_only=True)


def key_of(cfg):
    return hashlib.sha1(json.dumps(cfg, sort_keys=True).encode()).hexdigest()[:12]


def build(cfg):
    act = {"relu": nn.ReLU, "tanh": nn.Tanh}[cfg["act"]]
    return nn.Sequential(nn.Linear(4, cfg["width"]), act(), nn.Linear(cfg["width"], cfg["width"]), act(), nn.Linear(cfg["width"], 1))


def mae(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x) - y).abs().mean().item()


def run_trial(cfg, data, epochs=8):
    # the seed belongs to the trial, so that the outcome does not depend on what ran before
    torch.manual_seed(int(key_of(cfg), 16) % 2 ** 31)
    (xt, yt), (xv, yv), _ = data
    net = build(cfg)
    opt = torch.optim.Adam(net.parameters(), lr=cfg["lr"])
    curve, best, state = [], float("inf"), None
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for idx in torch.randperm(len(xt)).split(50):
            loss = nn.functional.smooth_l1_loss(net(xt[idx]), yt[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        val = mae(net, xv, yv)
        curve.append((epoch, total / len(xt), val))
        if val < best:
            best, state = val, {k: v.clone() for k, v in net.state_dict().items()}
    return best, state, curve


def make_data():
    gen = torch.Generator().manual_seed(99)
    x = torch.rand(900, 4, generator=gen) * 2 - 1
    y = (torch.sin(3 * x[:, :1]) * x[:, 1:2] + x[:, 2:3].abs()) + 0.05 * torch.randn(900, 1, generator=gen)
    return (x[:600], y[:600]), (x[600:750], y[600:750]), (x[750:], y[750:])


def sweep(path, limit=None):
    store, data = Store(path), make_data()
    grid = [dict(lr=lr, width=w, act=a) for lr, w, a in itertools.product((1e-3, 1e-2), (16, 48), ("relu", "tanh"))]
    fresh = 0
    for cfg in grid:
        key = key_of(cfg)
        if store.done(key):
            continue
        if limit is not None and fresh == limit:
            return None
        store.finish(key, cfg, *run_trial(cfg, data))
        fresh += 1
    cfg, val, state = store.best()
    net = build(cfg)
    net.load_state_dict(state)
    return fresh, cfg, val, mae(net, *data[2])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        db = Path(folder) / "sweep.db"
        assert sweep(db, limit=3) is None          # interrupted
        fresh, cfg, val, test = sweep(db)          # resumed
        print(f"{fresh} new trials; best {cfg} val mae {val:.4f} test mae {test:.4f}")
