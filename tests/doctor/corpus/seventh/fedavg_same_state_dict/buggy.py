import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class Client:
    """Hat nur einen Teil der Klassen (nicht-iid)."""

    def __init__(self, x, y, batch=20):
        self.n = len(x)
        self.loader = DataLoader(TensorDataset(x, y), batch_size=batch, shuffle=True)

    def train(self, worker, epochs, lr):
        worker.train()
        opt = torch.optim.SGD(worker.parameters(), lr=lr)
        for _ in range(epochs):
            for xb, yb in self.loader:
                opt.zero_grad()
                F.cross_entropy(worker(xb), yb).backward()
                opt.step()


def make_net(d, k):
    return nn.Sequential(nn.Linear(d, 32), nn.ReLU(), nn.Linear(32, k))


def weighted_average(states, weights):
    total = float(sum(weights))
    return {k: sum(w / total * s[k] for s, w in zip(states, weights)) for k in states[0]}


class Server:
    def __init__(self, d, k, clients):
        self.net, self.worker, self.clients = make_net(d, k), make_net(d, k), clients

    def round(self, fraction=0.6, epochs=1, lr=0.05):
        m = max(1, int(fraction * len(self.clients)))
        chosen = [self.clients[i] for i in torch.randperm(len(self.clients))[:m].tolist()]
        states = []
        for c in chosen:
            self.worker.load_state_dict(self.net.state_dict())
            c.train(self.worker, epochs, lr)
            states.append(self.worker.state_dict())
        self.net.load_state_dict(weighted_average(states, [c.n for c in chosen]))

    @torch.no_grad()
    def accuracy(self, x, y):
        self.net.eval()
        return (self.net(x).argmax(1) == y).float().mean().item()


def shards(x, y, n_clients, per_client=2):
    """Nach Klasse sortieren, in Scherben schneiden, Scherben verteilen."""
    pieces = torch.argsort(y).tensor_split(n_clients * per_client)
    order = torch.randperm(len(pieces)).tolist()
    for c in range(n_clients):
        idx = torch.cat([pieces[j] for j in order[c * per_client:(c + 1) * per_client]])
        yield Client(x[idx], y[idx])


def main():
    torch.manual_seed(33)
    centres = 1.2 * torch.randn(6, 12)
    y = torch.randint(0, 6, (1500,))
    x = centres[y] + torch.randn(1500, 12)
    server = Server(12, 6, list(shards(x[:1200], y[:1200], 10)))
    for r in range(20):
        server.round()
        if r % 4 == 3:
            print(f"Runde {r + 1:2d} Genauigkeit {server.accuracy(x[1200:], y[1200:]):.3f}")


if __name__ == "__main__":
    main()
