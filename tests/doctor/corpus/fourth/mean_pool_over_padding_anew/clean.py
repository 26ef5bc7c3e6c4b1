import logging
import sys

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
log = logging.getLogger("reviews")
PAD = 0
VOCAB_SIZE = 81


def make_reviews(n, gen):
    """Token ids 1..80 each carry a hidden mood; the stars of a review are the average mood of its words."""
    mood = torch.linspace(-3, 3, VOCAB_SIZE - 1)
    reviews = []
    for _ in range(n):
        length = int(torch.randint(2, 50, (1,), generator=gen))
        tilt = torch.randn((), generator=gen)
        ids = torch.multinomial((tilt * mood / 2).softmax(0), length, replacement=True, generator=gen)
        reviews.append((ids + 1, mood[ids].mean()))
    return reviews


def collate(batch):
    ids, stars = zip(*batch)
    return pad_sequence(ids, batch_first=True, padding_value=PAD), torch.stack(stars)


class ReviewNet(nn.Module):
    def __init__(self, dim=24):
        super().__init__()
        self.embed = nn.Embedding(VOCAB_SIZE, dim, padding_idx=PAD)
        self.word = nn.Sequential(nn.Linear(dim, dim), nn.ReLU())
        self.rate = nn.Linear(dim, 1)

    def forward(self, ids):
        h = self.word(self.embed(ids))
        mask = ids.ne(PAD).unsqueeze(-1)
        pooled = (h * mask).sum(dim=1) / mask.sum(dim=1)
        return self.rate(pooled).squeeze(-1)


def train(net, loader, epochs=8):
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for ids, stars in loader:
            opt.zero_grad()
            loss = nn.functional.mse_loss(net(ids), stars)
            loss.backward()
            opt.step()
            total += loss.item() * len(stars)
        log.debug("epoch %d mse %.4f", epoch, total / len(loader.dataset))


@torch.no_grad()
def mae(net, loader):
    net.eval()
    return sum((net(ids) - stars).abs().sum().item() for ids, stars in loader) / len(loader.dataset)


if __name__ == "__main__":
    torch.manual_seed(26)
    gen = torch.Generator().manual_seed(1)
    train_loader = DataLoader(make_reviews(600, gen), batch_size=30, shuffle=True, collate_fn=collate)
    test_loader = DataLoader(make_reviews(200, gen), batch_size=50, collate_fn=collate)
    net = ReviewNet()
    train(net, train_loader)
    log.info("test MAE %.3f stars", mae(net, test_loader))
