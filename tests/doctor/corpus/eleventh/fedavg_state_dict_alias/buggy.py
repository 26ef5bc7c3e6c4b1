import argparse
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


def non_iid_clients(n_clients, per_client):
    """Every client sees mostly two of the five classes."""
    centers = 1.6 * torch.randn(5, 12)
    clients = []
    for c in range(n_clients):
        main = torch.tensor([c % 5, (c + 1) % 5])
        y = main[torch.randint(0, 2, (per_client,))]
        clients.append((centers[y] + torch.randn(per_client, 12), y))
    y = torch.randint(0, 5, (300,))
    return clients, (centers[y] + torch.randn(300, 12), y)


def local_update(model, data, epochs, lr, batch_size):
    x, y = data
    model.train()
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(batch_size):
            opt.zero_grad()
            F.cross_entropy(model(x[idx]), y[idx]).backward()
            opt.step()
    return model.state_dict()


def average(weights, sizes):
    total = sum(sizes)
    return {k: sum(w[k] * (s / total) for w, s in zip(weights, sizes)) for k in weights[0]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--local-epochs", type=int, default=2)
    parser.add_argument("--lr", type=float, default=0.05)
    args = parser.parse_args()

    torch.manual_seed(20)
    clients, (x_test, y_test) = non_iid_clients(args.clients, 120)
    model = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 5))
    global_weights = model.state_dict()
    for rnd in range(args.rounds):
        uploads, sizes = [], []
        for data in clients:
            model.load_state_dict(global_weights)
            uploads.append(local_update(model, data, args.local_epochs, args.lr, 20))
            sizes.append(len(data[0]))
        global_weights = average(uploads, sizes)
        model.load_state_dict(global_weights)
        model.eval()
        with torch.no_grad():
            acc = (model(x_test).argmax(1) == y_test).float().mean().item()
        print(f"round {rnd + 1}: test accuracy {acc:.3f}")


if __name__ == "__main__":
    main()
