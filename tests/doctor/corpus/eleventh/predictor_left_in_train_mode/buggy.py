import os
import tempfile

import torch
import torch.nn as nn

WORDS = {w: i for i, w in enumerate("good great love nice fun bad awful hate boring slow the a movie was it".split())}
POSITIVE, NEGATIVE = range(0, 5), range(5, 10)


class Sentiment(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.EmbeddingBag(len(WORDS), 16, mode="mean")
        self.net = nn.Sequential(nn.Dropout(0.5), nn.Linear(16, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 2))

    def forward(self, tokens):
        return self.net(self.embedding(tokens))


def random_reviews(n):
    labels = torch.randint(0, 2, (n,))
    tokens = torch.randint(10, len(WORDS), (n, 6))
    for i in range(n):
        pool = POSITIVE if labels[i] == 1 else NEGATIVE
        tokens[i, :2] = torch.tensor([pool[int(torch.randint(5, (1,)))] for _ in range(2)])
        if torch.rand(1) < 0.3:
            tokens[i, 2] = int(torch.randint(10, (1,)))
    return tokens, labels


def train(path):
    model = Sentiment()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    x, y = random_reviews(400)
    model.train()
    for epoch in range(8):
        total = 0.0
        for idx in torch.randperm(400).split(40):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
            total += loss.item()
    print("training done, loss", round(total / 10, 4))
    torch.save(model.state_dict(), path)


class Predictor:
    def __init__(self, path):
        self.model = Sentiment()
        self.model.load_state_dict(torch.load(path))

    @torch.no_grad()
    def __call__(self, sentence):
        tokens = torch.tensor([[WORDS[w] for w in sentence.split()]])
        return self.model(tokens).softmax(dim=1)[0, 1].item()


if __name__ == "__main__":
    torch.manual_seed(5)
    with tempfile.TemporaryDirectory() as folder:
        weights = os.path.join(folder, "sentiment.pt")
        train(weights)
        predict = Predictor(weights)
    for text in ["the movie was nice", "it was a boring slow movie", "the movie was nice"]:
        print(f"{predict(text):.3f}  {text}")
