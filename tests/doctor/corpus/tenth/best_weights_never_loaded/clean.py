import copy
import logging
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
log = logging.getLogger("rating")

VOCAB, MAXLEN, PATIENCE = 300, 15, 10


class BagRegressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, 64)
        self.mlp = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, tokens):
        return self.mlp(self.embedding(tokens).mean(dim=1)).squeeze(1)


def synth_reviews(n, polarity):
    tokens = torch.randint(0, VOCAB, (n, MAXLEN))
    rating = polarity[tokens].sum(1) / MAXLEN ** 0.5 + 0.8 * torch.randn(n)
    return TensorDataset(tokens, rating)


def run_eval(model, loader, criterion):
    model.eval()
    loss, n = 0.0, 0
    with torch.no_grad():
        for tokens, rating in loader:
            loss += criterion(model(tokens), rating).item() * len(rating)
            n += len(rating)
    return loss / n


torch.manual_seed(1234)
polarity = torch.randn(VOCAB)
train_dl = DataLoader(synth_reviews(600, polarity), batch_size=30, shuffle=True)
dev_dl = DataLoader(synth_reviews(300, polarity), batch_size=100)
test_dl = DataLoader(synth_reviews(600, polarity), batch_size=100)

model = BagRegressor()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

best_dev, best_weights, waited = float("inf"), None, 0
for epoch in range(80):
    model.train()
    for tokens, rating in train_dl:
        optimizer.zero_grad()
        criterion(model(tokens), rating).backward()
        optimizer.step()
    dev_loss = run_eval(model, dev_dl, criterion)
    log.info("epoch %d dev mse %.4f", epoch, dev_loss)
    if dev_loss < best_dev:
        best_dev, best_weights, waited = dev_loss, copy.deepcopy(model.state_dict()), 0
    else:
        waited += 1
        if waited == PATIENCE:
            break

model.load_state_dict(best_weights)
test_loss = run_eval(model, test_dl, criterion)
log.info("best model: dev mse %.4f, test mse %.4f", best_dev, test_loss)
