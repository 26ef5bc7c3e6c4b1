"""Federated averaging (McMahan et al. 2017) with Dirichlet-skewed clients and server momentum."""
import argparse
import copy
from collections import OrderedDict
from typing import List, Tuple

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset

State = "OrderedDict[str, torch.Tensor]"


def dirichlet_split(labels: np.ndarray, n_clients: int, alpha: float, rng) -> List[List[int]]:
    parts: List[List[int]] = [[] for _ in range(n_clients)]
    for c in np.unique(labels):
        idx = rng.permutation(np.where(labels == c)[0])
        cuts = (np.cumsum(rng.dirichlet([alpha] * n_clients))[:-1] * len(idx)).astype(int)
        for part, chunk in zip(parts, np.split(idx, cuts)):
            part.extend(chunk.tolist())
    return [p for p in parts if len(p) >= 8]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(1, 12, 3, padding=1), nn.Conv2d(12, 24, 3, padding=1)
        self.norm, self.fc = nn.GroupNorm(4, 24), nn.Linear(24 * 4, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        x = F.max_pool2d(F.relu(self.norm(self.c2(x))), 2)
        return self.fc(x.flatten(1))


class Client:
    def __init__(self, data: Dataset, epochs: int, lr: float, mu: float):
        self.loader = DataLoader(data, batch_size=16, shuffle=True)
        self.n, self.epochs, self.lr, self.mu = len(data), epochs, lr, mu

    def update(self, global_model: nn.Module) -> Tuple[State, int, float]:
        model = copy.deepcopy(global_model)
        model.train()
        anchor = [p.detach() for p in global_model.parameters()]
        # a fresh optimizer: clients keep nothing between the rounds
        opt = torch.optim.SGD(model.parameters(), lr=self.lr)
        total = seen = 0
        for _ in range(self.epochs):
            for x, y in self.loader:
                opt.zero_grad()
                ce = F.cross_entropy(model(x), y)
                prox = sum((p - a).square().sum() for p, a in zip(model.parameters(), anchor))
                (ce + 0.5 * self.mu * prox).backward()
                opt.step()
                total, seen = total + ce.item() * len(y), seen + len(y)
        return model.state_dict(), self.n, total / seen


class Server:
    def __init__(self, model: nn.Module, momentum: float):
        self.model, self.momentum = model, momentum
        self.velocity = {k: torch.zeros_like(v) for k, v in model.state_dict().items()}

    @torch.no_grad()
    def aggregate(self, updates: List[Tuple[State, int]]) -> None:
        n = sum(w for _, w in updates)
        new = OrderedDict()
        for k, cur in self.model.state_dict().items():
            mean = sum(s[k] * (w / n) for s, w in updates)
            self.velocity[k] = self.momentum * self.velocity[k] + (mean - cur)
            new[k] = cur + self.velocity[k]
        self.model.load_state_dict(new)


@torch.no_grad()
def evaluate(model: nn.Module, loader: DataLoader) -> Tuple[float, float]:
    model.eval()
    loss = hit = n = 0
    for x, y in loader:
        out = model(x)
        loss += F.cross_entropy(out, y, reduction="sum").item()
        hit += (out.argmax(1) == y).sum().item()
        n += len(y)
    return loss / n, hit / n


def main() -> None:
    ap = argparse.ArgumentParser()
    ap.add_argument("--clients", type=int, default=12)
    ap.add_argument("--fraction", type=float, default=0.5)
    ap.add_argument("--rounds", type=int, default=10)
    ap.add_argument("--local-epochs", type=int, default=2)
    ap.add_argument("--alpha", type=float, default=0.3)
    ap.add_argument("--mu", type=float, default=0.01)
    ap.add_argument("--server-momentum", type=float, default=0.3)
    a = ap.parse_args()
    rng = np.random.default_rng(0)
    torch.manual_seed(0)

    d = load_digits()
    full = TensorDataset(torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16, torch.tensor(d.target))
    order = rng.permutation(len(full))
    tr, va, te = order[:1200], order[1200:1450], order[1450:]
    val, test = (DataLoader(Subset(full, i.tolist()), batch_size=256) for i in (va, te))
    clients = [Client(Subset(full, tr[p].tolist()), a.local_epochs, 0.1, a.mu)
               for p in dirichlet_split(d.target[tr], a.clients, a.alpha, rng)]
    print("client sizes", [c.n for c in clients])

    server = Server(Net(), a.server_momentum)
    best, state = float("inf"), None
    for r in range(a.rounds):
        chosen = rng.choice(len(clients), max(1, int(a.fraction * len(clients))), replace=False)
        results = [clients[i].update(server.model) for i in chosen]
        server.aggregate([(s, n) for s, n, _ in results])
        loss, acc = evaluate(server.model, val)
        if loss < best:
            best, state = loss, copy.deepcopy(server.model.state_dict())
        if r % 3 == 0:
            local = sum(l * n for _, n, l in results) / sum(n for _, n, _ in results)
            print(f"round {r}: local loss {local:.3f}, global val loss {loss:.3f} acc {acc:.3f}")
    server.model.load_state_dict(state)
    print("test loss %.3f accuracy %.3f" % evaluate(server.model, test))


if __name__ == "__main__":
    main()
