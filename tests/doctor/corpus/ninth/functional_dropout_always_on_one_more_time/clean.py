"""Topic classification of short token sequences with a Kim-style CNN."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

VOCAB, LENGTH, TOPICS = 120, 24, 3


def sample_corpus(n, seed):
    g = torch.Generator().manual_seed(seed)
    topic = torch.randint(0, TOPICS, (n,), generator=g)
    background = torch.randint(0, VOCAB, (n, LENGTH), generator=g)
    topical = torch.randint(0, 20, (n, LENGTH), generator=g) + 30 * topic[:, None]
    use_topic = torch.rand(n, LENGTH, generator=g) < 0.22
    return torch.where(use_topic, topical, background), topic


class TextCNN(nn.Module):
    def __init__(self, emb=24, filters=16, sizes=(2, 3, 4), drop=0.5):
        super().__init__()
        self.drop = drop
        self.emb = nn.Embedding(VOCAB, emb)
        self.convs = nn.ModuleList(nn.Conv1d(emb, filters, k) for k in sizes)
        self.fc = nn.Linear(filters * len(sizes), TOPICS)

    def forward(self, ids):
        e = self.emb(ids).transpose(1, 2)
        h = torch.cat([F.relu(conv(e)).amax(dim=2) for conv in self.convs], dim=1)
        h = F.dropout(h, self.drop, training=self.training)
        return self.fc(h)


def run_eval(model, loader):
    model.eval()
    right = n = 0
    with torch.no_grad():
        for ids, topic in loader:
            right += (model(ids).argmax(dim=1) == topic).sum().item()
            n += topic.numel()
    return right / n


def main():
    torch.manual_seed(5)
    train_dl = DataLoader(TensorDataset(*sample_corpus(800, 1)), batch_size=40, shuffle=True)
    test_dl = DataLoader(TensorDataset(*sample_corpus(300, 2)), batch_size=100)
    model = TextCNN()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(5):
        model.train()
        for ids, topic in train_dl:
            opt.zero_grad()
            F.cross_entropy(model(ids), topic).backward()
            opt.step()
        print("epoch", epoch, "test accuracy", round(run_eval(model, test_dl), 4))


main()
