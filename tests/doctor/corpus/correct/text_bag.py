"""News topics with EmbeddingBag and offsets; the collate function of the text tutorial."""
import time

import torch
from torch import nn
from torch.utils.data import DataLoader
from torch.utils.data.dataset import random_split

TOPICS = {
    0: "match goal team coach league player season referee stadium striker".split(),
    1: "market shares bank profit investor quarter dollar bond earnings merger".split(),
    2: "telescope orbit protein neuron laser genome particle climate fossil robot".split(),
}
COMMON = "the a of and in to on with for was said new today after over big long day".split()


def generate(n, seed):
    g = torch.Generator().manual_seed(seed)
    seen, rows = set(), []
    while len(rows) < n:
        label = int(torch.randint(3, (1,), generator=g))
        length = int(torch.randint(5, 14, (1,), generator=g))
        words = []
        for _ in range(length):
            u = torch.rand((), generator=g)
            pool = COMMON if u < 0.7 else TOPICS[label] if u < 0.92 else TOPICS[int(torch.randint(3, (1,), generator=g))]
            words.append(pool[int(torch.randint(len(pool), (1,), generator=g))])
        text = " ".join(words)
        if text not in seen:
            seen.add(text)
            rows.append((label, text))
    return rows


torch.manual_seed(0)
train_iter, test_iter = (lambda rows: (rows[:1000], rows[1000:]))(generate(1300, 5))


def build_vocab(rows):
    vocab = {"<unk>": 0}
    for _, text in rows:
        for tok in text.split():
            vocab.setdefault(tok, len(vocab))
    return vocab


vocab = build_vocab(train_iter)
text_pipeline = lambda text: [vocab.get(tok, vocab["<unk>"]) for tok in text.split()]
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def collate_batch(batch):
    label_list, text_list, offsets = [], [], [0]
    for _label, _text in batch:
        label_list.append(int(_label))
        processed_text = torch.tensor(text_pipeline(_text), dtype=torch.int64)
        text_list.append(processed_text)
        offsets.append(processed_text.size(0))
    label_list = torch.tensor(label_list, dtype=torch.int64)
    offsets = torch.tensor(offsets[:-1]).cumsum(dim=0)
    text_list = torch.cat(text_list)
    return label_list.to(device), text_list.to(device), offsets.to(device)


class TextClassificationModel(nn.Module):
    def __init__(self, vocab_size, embed_dim, num_class):
        super().__init__()
        self.embedding = nn.EmbeddingBag(vocab_size, embed_dim, sparse=False)
        self.fc = nn.Linear(embed_dim, num_class)
        self.init_weights()

    def init_weights(self):
        initrange = 0.5
        self.embedding.weight.data.uniform_(-initrange, initrange)
        self.fc.weight.data.uniform_(-initrange, initrange)
        self.fc.bias.data.zero_()

    def forward(self, text, offsets):
        return self.fc(self.embedding(text, offsets))


EPOCHS, LR, BATCH_SIZE = 8, 5, 32
model = TextClassificationModel(len(vocab), 32, 3).to(device)
criterion = torch.nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=LR)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.1)


def train(dataloader, epoch):
    model.train()
    total_acc, total_count, log_interval = 0, 0, 20
    for idx, (label, text, offsets) in enumerate(dataloader):
        optimizer.zero_grad()
        predicted_label = model(text, offsets)
        loss = criterion(predicted_label, label)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        total_acc += (predicted_label.argmax(1) == label).sum().item()
        total_count += label.size(0)
        if idx % log_interval == 0 and idx > 0:
            print(f"| epoch {epoch:3d} | {idx:5d}/{len(dataloader):5d} batches | accuracy {total_acc / total_count:8.3f}")
            total_acc, total_count = 0, 0


def evaluate(dataloader):
    model.eval()
    total_acc, total_count = 0, 0
    with torch.no_grad():
        for label, text, offsets in dataloader:
            predicted_label = model(text, offsets)
            total_acc += (predicted_label.argmax(1) == label).sum().item()
            total_count += label.size(0)
    return total_acc / total_count


num_train = int(len(train_iter) * 0.9)
split_train_, split_valid_ = random_split(train_iter, [num_train, len(train_iter) - num_train])
train_dataloader = DataLoader(split_train_, batch_size=BATCH_SIZE, shuffle=True, collate_fn=collate_batch)
valid_dataloader = DataLoader(split_valid_, batch_size=BATCH_SIZE, shuffle=False, collate_fn=collate_batch)
test_dataloader = DataLoader(test_iter, batch_size=BATCH_SIZE, shuffle=False, collate_fn=collate_batch)
total_accu = None
for epoch in range(1, EPOCHS + 1):
    t0 = time.time()
    train(train_dataloader, epoch)
    accu_val = evaluate(valid_dataloader)
    if total_accu is not None and total_accu > accu_val:
        scheduler.step()
    else:
        total_accu = accu_val
    print(f"| end of epoch {epoch:3d} | time: {time.time() - t0:5.2f}s | valid accuracy {accu_val:8.3f}")
print("test accuracy {:8.3f}".format(evaluate(test_dataloader)))
