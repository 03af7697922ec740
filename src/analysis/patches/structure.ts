/** Code for advice that changes a model and no setting, by the id of the advice. */
import type { Advice } from "../../model/finding.ts";

interface Snippet {
  readonly torch: string;
  readonly keras?: string;
}

const leaky: Snippet = {
  torch: `self.activation = nn.GELU()  # instead of nn.ReLU()`,
  keras: `x = keras.layers.Dense(units, activation="gelu")(x)  # instead of "relu"`,
};
const initialisation: Snippet = {
  torch: `for name, module in model.named_modules():
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and name.endswith(("out_proj", "o_proj", "down_proj", "c_proj")):
        # the last layer of each residual branch
        nn.init.normal_(module.weight, std=0.02 / math.sqrt(2 * num_layers))`,
  keras: `x = keras.layers.Dense(units, kernel_initializer=keras.initializers.RandomNormal(stddev=0.02))(x)`,
};

const snippets: Readonly<Record<string, Snippet>> = {
  "add-normalisation": {
    torch: `self.norm = nn.LayerNorm(dim)  # nn.RMSNorm(dim); nn.BatchNorm2d(channels) for images

def forward(self, x):
    return x + self.block(self.norm(x))`,
    keras: `x = x + block(keras.layers.LayerNormalization()(x))`,
  },
  "lower-initialization": initialisation,
  "smaller-initialisation": initialisation,
  "raise-initialization": {
    torch: `for module in model.modules():
    if isinstance(module, nn.Linear):
        # sqrt(2 / inputs) before a ReLU; nonlinearity="linear" before tanh or an output
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")`,
    keras: `x = keras.layers.Dense(units, activation="relu", kernel_initializer="he_normal")(x)`,
  },
  "leaky-activation": leaky,
  "unbounded-activation": {
    torch: `self.activation = nn.GELU()  # instead of nn.Tanh() or nn.Sigmoid()`,
    keras: `x = keras.layers.Dense(units, activation="gelu")(x)  # instead of "tanh" or "sigmoid"`,
  },
  "add-qk-norm": {
    torch: `self.q_norm = nn.RMSNorm(head_dim)
self.k_norm = nn.RMSNorm(head_dim)

def forward(self, x):
    q, k, v = self.project(x)  # each (batch, heads, tokens, head_dim)
    q, k = self.q_norm(q), self.k_norm(k)
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)`,
    keras: `q = keras.layers.LayerNormalization(axis=-1)(q)
k = keras.layers.LayerNormalization(axis=-1)(k)`,
  },
  "fix-head": {
    // The first prediction is then the uniform guess, or the share of each class.
    torch: `nn.init.zeros_(model.head.weight)
with torch.no_grad():
    model.head.bias.copy_(torch.log(class_share))  # zeros_ where classes are balanced`,
    keras: `head = keras.layers.Dense(classes, kernel_initializer="zeros",
    bias_initializer=keras.initializers.Constant(np.log(class_share)))`,
  },
  "add-z-loss": {
    torch: `log_z = torch.logsumexp(logits.float(), dim=-1)
loss = loss + 1e-4 * (log_z**2).mean()`,
    keras: `log_z = keras.ops.logsumexp(keras.ops.cast(logits, "float32"), axis=-1)
loss = loss + 1e-4 * keras.ops.mean(log_z**2)`,
  },
  "widen-lora": {
    torch: `peft_config = LoraConfig(
    r=64,
    lora_alpha=64,
    target_modules="all-linear",
)`,
  },
};

/** The advice with its kind and, where there is one, the code in the words of the user's framework. */
export function withSnippet(advice: Advice, trainer: string | null = null): Advice {
  const snippet = Object.hasOwn(snippets, advice.id) ? snippets[advice.id] : undefined;
  if (advice.snippet !== undefined || snippet === undefined) return advice;
  const text = (advice.dialect ?? trainer) === "keras" && snippet.keras !== undefined ? snippet.keras : snippet.torch;
  return { ...advice, kind: "structure", snippet: { language: "python", text } };
}
