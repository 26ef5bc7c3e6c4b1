import sys

import torch
import torch.nn as nn

WEIGHTS = "sentiment.pt"

POS = ["really good film", "great acting and great story", "i love this movie", "funny and warm", "a lovely good story"]
NEG = ["really bad film", "boring acting and weak story", "i hate this movie", "cold and dull", "an awful bad story"]


def build_vocab(sentences):
    words = set()
    for s in sentences:
        words.update(s.split())
    stoi = {"<pad>": 0, "<unk>": 1}
    for w in words:
        stoi[w] = len(stoi)
    return stoi


def encode(sentence, stoi, length=6):
    ids = [stoi.get(w, 1) for w in sentence.split()][:length]
    return ids + [0] * (length - len(ids))


class BowClassifier(nn.Module):
    def __init__(self, n_words):
        super().__init__()
        self.emb = nn.Embedding(n_words, 16, padding_idx=0)
        self.out = nn.Linear(16, 1)

    def forward(self, ids):
        mask = (ids != 0).unsqueeze(-1).float()
        pooled = (self.emb(ids) * mask).sum(1) / mask.sum(1)
        return self.out(pooled).squeeze(1)


def train(stoi):
    torch.manual_seed(0)
    ids = torch.tensor([encode(s, stoi) for s in POS + NEG])
    y = torch.tensor([1.0] * len(POS) + [0.0] * len(NEG))
    model = BowClassifier(len(stoi))
    opt = torch.optim.Adam(model.parameters(), lr=0.02)
    for step in range(80):
        opt.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(ids), y)
        loss.backward()
        opt.step()
    print("trained, loss", round(loss.item(), 4))
    torch.save(model.state_dict(), WEIGHTS)


def predict(text, stoi):
    model = BowClassifier(len(stoi))
    model.load_state_dict(torch.load(WEIGHTS, weights_only=True))
    model.eval()
    with torch.no_grad():
        return torch.sigmoid(model(torch.tensor([encode(text, stoi)]))).item()


if __name__ == "__main__":
    # python app.py            -> train and store the weights
    # python app.py some text  -> only predict
    stoi = build_vocab(POS + NEG)
    text = " ".join(sys.argv[1:])
    if not text:
        train(stoi)
        text = "a great warm film"
    print(repr(text), "-> p(positive) =", round(predict(text, stoi), 3))
