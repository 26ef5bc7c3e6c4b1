import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


class EarlyStopping:
    """Stop when the validation loss has not improved for `patience` consecutive epochs."""

    def __init__(self, patience=5, min_delta=0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.best = float("inf")
        self.bad_epochs = 0
        self.snapshot = None

    def update(self, val_loss, model):
        if val_loss < self.best - self.min_delta:
            self.best = val_loss
            self.snapshot = copy.deepcopy(model.state_dict())
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience


class Autoencoder(nn.Module):
    def __init__(self, d_in=20, d_code=4):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d_in, 32), nn.ELU(), nn.Linear(32, d_code))
        self.dec = nn.Sequential(nn.Linear(d_code, 32), nn.ELU(), nn.Linear(32, d_in))

    def forward(self, x):
        return self.dec(self.enc(x))


def get_data(n, mix):
    return torch.tanh(torch.randn(n, 4) @ mix) + 0.05 * torch.randn(n, 20)


def main():
    torch.manual_seed(64)
    mix = torch.randn(4, 20)
    train, val, test = get_data(512, mix), get_data(128, mix), get_data(256, mix)
    model = Autoencoder()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    stopper = EarlyStopping(patience=5)

    for epoch in range(100):
        model.train()
        for idx in torch.randperm(len(train)).split(32):
            batch = train[idx]
            loss = F.mse_loss(model(batch), batch)
            opt.zero_grad()
            loss.backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            val_loss = F.mse_loss(model(val), val).item()
        if stopper.update(val_loss, model):
            print("stopped at epoch", epoch)
            break

    model.load_state_dict(stopper.snapshot)
    model.eval()
    with torch.no_grad():
        print("val %.4f test %.4f" % (stopper.best, F.mse_loss(model(test), test).item()))


main()
