import random
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class CFG:
    seed = 2023
    epochs = 40
    batch_size = 20
    noise = 0.6
    lr = 3e-3


class DenoisingAE(nn.Module):
    def __init__(self, d=24, h=48):
        super().__init__()
        self.enc = nn.Linear(d, h)
        self.dec = nn.Linear(h, d)

    def forward(self, x):
        return self.dec(F.dropout(F.gelu(self.enc(x)), 0.1, self.training))


def train_one_epoch(model, x, optimizer):
    seed_everything(CFG.seed)
    model.train()
    losses = []
    for idx in torch.randperm(len(x)).split(CFG.batch_size):
        clean = x[idx]
        noisy = clean + CFG.noise * torch.randn_like(clean)
        loss = F.mse_loss(model(noisy), clean)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.mean(losses)


def valid_one_epoch(model, clean, noisy):
    model.eval()
    with torch.no_grad():
        return F.mse_loss(model(noisy), clean).item()


def run():
    seed_everything(CFG.seed)
    mixing = torch.randn(3, 24)
    data = torch.randn(320, 3) @ mixing
    x_train, x_valid = data[:120], data[120:]
    noisy_valid = x_valid + CFG.noise * torch.randn_like(x_valid)
    model = DenoisingAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=CFG.lr)
    for epoch in range(CFG.epochs):
        avg = train_one_epoch(model, x_train, optimizer)
        val = valid_one_epoch(model, x_valid, noisy_valid)
        if epoch % 10 == 9:
            print(f"Epoch {epoch + 1} - train {avg:.4f} - valid {val:.4f}")


run()
