import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

PAD = 0


def toy_reviews(count, g):
    """Token 1..9 are negative, 10..18 positive, 19..39 neutral words."""
    items = []
    for _ in range(count):
        label = int(torch.randint(0, 2, (1,), generator=g))
        length = int(torch.randint(4, 15, (1,), generator=g))
        words = torch.randint(19, 40, (length,), generator=g)
        k = max(1, length // 3)
        words[:k] = torch.randint(1, 10, (k,), generator=g) + 9 * label
        items.append((words[torch.randperm(length, generator=g)], label))
    return items


def by_length(batch):
    batch = sorted(batch, key=lambda item: len(item[0]), reverse=True)
    tokens = [item[0] for item in batch]
    labels = [item[1] for item in batch]
    lengths = torch.tensor([len(t) for t in tokens])
    return pad_sequence(tokens, batch_first=True, padding_value=PAD), lengths, torch.tensor(labels)


class Sentiment(nn.Module):
    def __init__(self, vocab=40, dim=16, hidden=24):
        super(Sentiment, self).__init__()
        self.embed = nn.Embedding(vocab, dim, padding_idx=PAD)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.embed(tokens), lengths, batch_first=True)
        _, (h, _) = self.lstm(packed)
        return self.fc(h[-1])


g = torch.Generator().manual_seed(2)
torch.manual_seed(2)
train_iter = DataLoader(toy_reviews(600, g), batch_size=30, shuffle=True, collate_fn=by_length)
test_iter = DataLoader(toy_reviews(200, g), batch_size=50, collate_fn=by_length)
model = Sentiment()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.CrossEntropyLoss()

for epoch in range(5):
    model.train()
    for tokens, lengths, labels in train_iter:
        optimizer.zero_grad()
        loss = criterion(model(tokens, lengths), labels)
        loss.backward()
        optimizer.step()
    model.eval()
    correct = total = 0
    with torch.no_grad():
        for tokens, lengths, labels in test_iter:
            correct += (model(tokens, lengths).argmax(1) == labels).sum().item()
            total += labels.numel()
    print("epoch %d  test accuracy %.3f" % (epoch + 1, correct / total))
