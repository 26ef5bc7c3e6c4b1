import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence

PAD = 0
VOCAB = 200
torch.manual_seed(4)


class BagOfWords(nn.Module):
    """Score of a review = sum of its word vectors, pushed through a small MLP."""

    def __init__(self, vocab_size, dim=8):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, dim, padding_idx=PAD)
        self.mlp = nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Linear(32, 1))
        self.reset_parameters()

    def reset_parameters(self):
        nn.init.normal_(self.emb.weight, std=1.0)
        with torch.no_grad():
            self.emb.weight[PAD].zero_()
        for m in self.mlp:
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, ids):
        return self.mlp(self.emb(ids).sum(dim=1)).squeeze(-1)


# made-up reviews: every word carries a fixed sentiment, rating = sum + noise
sentiment = torch.randn(VOCAB) * 0.5
sentiment[PAD] = 0.0


def make_reviews(n):
    reviews, ratings = [], []
    for _ in range(n):
        length = int(torch.randint(3, 30, (1,)))
        ids = torch.randint(1, VOCAB, (length,))
        reviews.append(ids)
        ratings.append(sentiment[ids].sum() + 0.1 * torch.randn(()))
    return reviews, torch.stack(ratings)


def batches(reviews, ratings, size, shuffle):
    order = torch.randperm(len(reviews)) if shuffle else torch.arange(len(reviews))
    for idx in order.split(size):
        ids = pad_sequence([reviews[i] for i in idx], batch_first=True, padding_value=PAD)
        yield ids, ratings[idx]


train = make_reviews(1500)
valid = make_reviews(300)
model = BagOfWords(VOCAB)
opt = torch.optim.Adam(model.parameters(), lr=4e-3)

for epoch in range(10):
    model.train()
    for ids, y in batches(*train, 32, shuffle=True):
        opt.zero_grad()
        loss = nn.functional.mse_loss(model(ids), y)
        loss.backward()
        opt.step()
    model.eval()
    sq = 0.0
    with torch.no_grad():
        for ids, y in batches(*valid, 100, shuffle=False):
            sq += ((model(ids) - y) ** 2).sum().item()
    print("epoch", epoch, "valid rmse", round((sq / len(valid[1])) ** 0.5, 4))
