import numpy as np
import torch
import torch.nn as nn


class EarlyStopping:
    """Stop when the validation loss has not improved for `patience` epochs."""

    def __init__(self, patience=8):
        self.patience = patience
        self.best_loss = float("inf")
        self.best_state = None
        self.bad_epochs = 0

    def update(self, val_loss, model):
        if val_loss < self.best_loss:
            self.best_loss = val_loss
            self.best_state = {k: v.clone() for k, v in model.state_dict().items()}
            self.bad_epochs = 0
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience


def get_split(rng, n):
    X = rng.normal(size=(n, 30)).astype("float32")
    y = (X[:, 0] - X[:, 1] + rng.normal(scale=1.0, size=n)).astype("float32")
    return torch.from_numpy(X), torch.from_numpy(y).unsqueeze(1)


def evaluate(model, X, y):
    model.eval()
    with torch.no_grad():
        return nn.functional.mse_loss(model(X), y).item()


def main():
    torch.manual_seed(5)
    rng = np.random.default_rng(5)
    X_tr, y_tr = get_split(rng, 80)
    X_va, y_va = get_split(rng, 200)
    X_te, y_te = get_split(rng, 500)

    # small train set + wide net: overfits after a few epochs
    model = nn.Sequential(nn.Linear(30, 128), nn.ReLU(), nn.Linear(128, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    stopper = EarlyStopping()

    for epoch in range(100):
        model.train()
        for idx in torch.randperm(len(X_tr)).split(16):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(X_tr[idx]), y_tr[idx])
            loss.backward()
            optimizer.step()
        val = evaluate(model, X_va, y_va)
        if stopper.update(val, model):
            print("stopped after epoch", epoch)
            break

    model.load_state_dict(stopper.best_state)
    print("best val mse seen    %.4f" % stopper.best_loss)
    print("val mse of the model %.4f" % evaluate(model, X_va, y_va))
    print("test mse             %.4f" % evaluate(model, X_te, y_te))


if __name__ == "__main__":
    main()
