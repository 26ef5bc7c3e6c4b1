# %% [markdown]
# Tagging short documents: several tags can be right at once

# %%
import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(14)
torch.manual_seed(14)

# %%
N_WORDS, N_TAGS = 80, 6
topic_words = rng.dirichlet(np.full(N_WORDS, 0.08), size=N_TAGS)
tags = (rng.random((1600, N_TAGS)) < 0.3).astype(np.float32)
tags[tags.sum(1) == 0, 0] = 1
docs = np.stack([rng.multinomial(40, t @ topic_words / t.sum()) for t in tags]).astype(np.float32)
X_tr, X_te, Y_tr, Y_te = train_test_split(np.log1p(docs), tags, test_size=0.25, random_state=0)
X_tr, X_te, Y_tr, Y_te = map(torch.from_numpy, (X_tr, X_te, Y_tr, Y_te))

# %%
class Tagger(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.gate = torch.zeros(N_WORDS, requires_grad=True)
        self.body = nn.Sequential(
            nn.Linear(N_WORDS, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(hidden, N_TAGS),
        )

    def forward(self, x):
        # word-wise gate in (0, 2)
        scores = self.body(x * 2 * torch.sigmoid(self.gate))
        return scores


# %%
model = Tagger()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-3)

for epoch in range(8):
    model.train()
    for idx in torch.randperm(len(X_tr)).split(50):
        optimizer.zero_grad()
        loss = criterion(model(X_tr[idx]), Y_tr[idx])
        loss.backward()
        optimizer.step()

# %%
model.eval()
with torch.no_grad():
    prob = torch.sigmoid(model(X_te))
print("loss", round(loss.item(), 3), "micro F1", f1_score(Y_te.numpy(), (prob > 0.5).numpy(), average="micro"))
